package wire

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
)

// Connection is what a connection file says: where the kernel's five sockets
// listen, with which key messages are signed, and with which keys of CurveZMQ, if
// any, the sockets are sealed.
type Connection struct {
	Transport       string `json:"transport"` // "tcp" or "ipc"
	IP              string `json:"ip"`        // for ipc the prefix of the sockets' paths
	ShellPort       int    `json:"shell_port"`
	IOPubPort       int    `json:"iopub_port"`
	StdinPort       int    `json:"stdin_port"`
	ControlPort     int    `json:"control_port"`
	HBPort          int    `json:"hb_port"`
	SignatureScheme string `json:"signature_scheme"`
	Key             string `json:"key"`
	KernelName      string `json:"kernel_name,omitempty"`
	CurvePublicKey  string `json:"curve_publickey,omitempty"` // Z85, RFC 32
	CurveSecretKey  string `json:"curve_secretkey,omitempty"`
}

// ParseConnection parses and checks a connection file.
func ParseConnection(data []byte) (Connection, error) {
	c := Connection{Transport: "tcp", IP: "127.0.0.1", SignatureScheme: "hmac-sha256"}
	if registers(data) {
		return Connection{}, errors.New("connection file: it asks for the start-up handshake of protocol 5.6 (registration_port); " +
			"this kernel speaks " + Version + ", as its kernelspec says: start it with a connection file")
	}
	if err := json.Unmarshal(data, &c); err != nil {
		return Connection{}, fmt.Errorf("connection file: %w", err)
	}
	return c, c.validate()
}

// registers tells a registration file of protocol 5.6, which would otherwise look
// like a connection file that leaves everything open.
func registers(data []byte) bool {
	var file struct {
		Port json.RawMessage `json:"registration_port"`
	}
	return json.Unmarshal(data, &file) == nil && file.Port != nil
}

func (c Connection) validate() error {
	var errs []error
	switch c.Transport {
	case "tcp":
		if c.IP != "*" && c.IP != "localhost" && net.ParseIP(c.IP) == nil {
			errs = append(errs, fmt.Errorf("ip: %q is not an IP address", c.IP))
		}
	case "ipc":
		if c.IP == "" {
			errs = append(errs, errors.New("ip: empty; for transport ipc it is the prefix of the sockets' paths"))
		}
	default:
		errs = append(errs, fmt.Errorf("transport: %q is not known; use tcp or ipc", c.Transport))
	}
	used := map[int]string{}
	for _, p := range c.ports() {
		switch other := used[*p.port]; {
		case *p.port < 0 || *p.port > 65535:
			errs = append(errs, fmt.Errorf("%s: %d is no port number", p.name, *p.port))
		case other != "" && *p.port != 0:
			errs = append(errs, fmt.Errorf("%s: %d is also %s", p.name, *p.port, other))
		}
		used[*p.port] = p.name
	}
	if _, err := NewSigner(c.SignatureScheme, c.Key); err != nil {
		errs = append(errs, err)
	}
	if len(errs) > 0 {
		return fmt.Errorf("connection file: %w", errors.Join(errs...))
	}
	return nil
}

type namedPort struct {
	name string
	port *int
}

func (c *Connection) ports() []namedPort {
	return []namedPort{
		{"shell_port", &c.ShellPort}, {"iopub_port", &c.IOPubPort}, {"stdin_port", &c.StdinPort},
		{"control_port", &c.ControlPort}, {"hb_port", &c.HBPort},
	}
}

// Listen opens the listener of one socket. port is one of c's ports; 0 lets the
// system choose, and the choice is stored in c.
func (c *Connection) Listen(port *int) (net.Listener, error) {
	if c.Transport == "ipc" {
		return c.listenUnix(port)
	}
	host := c.IP
	if host == "*" {
		host = ""
	}
	l, err := net.Listen("tcp", net.JoinHostPort(host, strconv.Itoa(*port)))
	if err != nil {
		return nil, err
	}
	*port = l.Addr().(*net.TCPAddr).Port
	return l, nil
}

// listenUnix binds path IP-PORT, as jupyter_client forms it.
func (c *Connection) listenUnix(port *int) (net.Listener, error) {
	for *port == 0 {
		for n := 1; n < 1<<16; n++ {
			if _, err := os.Lstat(c.IP + "-" + strconv.Itoa(n)); errors.Is(err, os.ErrNotExist) {
				*port = n
				break
			}
		}
	}
	path := c.IP + "-" + strconv.Itoa(*port)
	if info, err := os.Lstat(path); err == nil && info.Mode()&os.ModeSocket != 0 {
		if conn, err := net.Dial("unix", path); err == nil {
			conn.Close()
			return nil, fmt.Errorf("listen unix %s: another process listens there", path)
		}
		os.Remove(path) // left by a process that is gone
	}
	if len(path) > maxSocketPath {
		return nil, fmt.Errorf("listen unix %s: the path has %d bytes and a socket's may have %d; "+
			"choose a shorter prefix in ip, or a shorter JUPYTER_RUNTIME_DIR", path, len(path), maxSocketPath)
	}
	return listenOwner(path)
}

// maxSocketPath is the room in sockaddr_un less the zero byte at its end, in
// bytes.
const maxSocketPath = len(syscall.RawSockaddrUnix{}.Path) - 1

// listenOwner makes a socket that only the owner can connect to, from its first
// moment on.
func listenOwner(path string) (net.Listener, error) {
	before := syscall.Umask(0o177)
	l, err := net.Listen("unix", path)
	syscall.Umask(before)
	if err != nil {
		return nil, err
	}
	if err := os.Chmod(path, 0o600); err != nil {
		l.Close()
		return nil, err
	}
	return l, nil
}

// Store writes the connection file at path, readable by its owner only. Fields
// of an existing file that Connection does not know are kept.
func (c Connection) Store(path string) error {
	all := map[string]any{}
	if old, err := os.ReadFile(path); err == nil && len(bytes.TrimSpace(old)) > 0 {
		if err := json.Unmarshal(old, &all); err != nil {
			return fmt.Errorf("connection file %s: %w", path, err)
		}
	}
	known, err := json.Marshal(c)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(known, &all); err != nil {
		return err
	}
	data, err := json.MarshalIndent(all, "", "  ")
	if err != nil {
		return err
	}
	tmp, err := os.CreateTemp(filepath.Dir(path), ".connection-*")
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name())
	_, err = tmp.Write(append(data, '\n'))
	if err := errors.Join(err, tmp.Close()); err != nil {
		return err
	}
	return os.Rename(tmp.Name(), path)
}

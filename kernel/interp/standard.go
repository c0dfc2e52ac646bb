package interp

// The packages of the standard library that cells can import. Bindings of the
// engine for each; where it carries source instead of a binding because the
// package keeps state (log, log/slog), ours (see std) keep one state for
// the session.
import (
	_ "github.com/goplus/ixgo/pkg/archive/tar"
	_ "github.com/goplus/ixgo/pkg/archive/zip"
	_ "github.com/goplus/ixgo/pkg/bufio"
	_ "github.com/goplus/ixgo/pkg/bytes"
	_ "github.com/goplus/ixgo/pkg/cmp"
	_ "github.com/goplus/ixgo/pkg/compress/gzip"
	_ "github.com/goplus/ixgo/pkg/compress/zlib"
	_ "github.com/goplus/ixgo/pkg/container/heap"
	_ "github.com/goplus/ixgo/pkg/container/list"
	_ "github.com/goplus/ixgo/pkg/container/ring"
	_ "github.com/goplus/ixgo/pkg/context"
	_ "github.com/goplus/ixgo/pkg/crypto"
	_ "github.com/goplus/ixgo/pkg/crypto/aes"
	_ "github.com/goplus/ixgo/pkg/crypto/cipher"
	_ "github.com/goplus/ixgo/pkg/crypto/ed25519"
	_ "github.com/goplus/ixgo/pkg/crypto/hmac"
	_ "github.com/goplus/ixgo/pkg/crypto/md5"
	_ "github.com/goplus/ixgo/pkg/crypto/rand"
	_ "github.com/goplus/ixgo/pkg/crypto/sha1"
	_ "github.com/goplus/ixgo/pkg/crypto/sha256"
	_ "github.com/goplus/ixgo/pkg/crypto/sha512"
	_ "github.com/goplus/ixgo/pkg/crypto/tls"
	_ "github.com/goplus/ixgo/pkg/crypto/x509"
	_ "github.com/goplus/ixgo/pkg/crypto/x509/pkix"
	_ "github.com/goplus/ixgo/pkg/encoding"
	_ "github.com/goplus/ixgo/pkg/encoding/base32"
	_ "github.com/goplus/ixgo/pkg/encoding/base64"
	_ "github.com/goplus/ixgo/pkg/encoding/binary"
	_ "github.com/goplus/ixgo/pkg/encoding/csv"
	_ "github.com/goplus/ixgo/pkg/encoding/gob"
	_ "github.com/goplus/ixgo/pkg/encoding/hex"
	_ "github.com/goplus/ixgo/pkg/encoding/json"
	_ "github.com/goplus/ixgo/pkg/encoding/pem"
	_ "github.com/goplus/ixgo/pkg/encoding/xml"
	_ "github.com/goplus/ixgo/pkg/errors"
	_ "github.com/goplus/ixgo/pkg/expvar"
	_ "github.com/goplus/ixgo/pkg/flag"
	_ "github.com/goplus/ixgo/pkg/fmt"
	_ "github.com/goplus/ixgo/pkg/go/ast"
	_ "github.com/goplus/ixgo/pkg/go/format"
	_ "github.com/goplus/ixgo/pkg/go/parser"
	_ "github.com/goplus/ixgo/pkg/go/token"
	_ "github.com/goplus/ixgo/pkg/hash"
	_ "github.com/goplus/ixgo/pkg/hash/adler32"
	_ "github.com/goplus/ixgo/pkg/hash/crc32"
	_ "github.com/goplus/ixgo/pkg/hash/crc64"
	_ "github.com/goplus/ixgo/pkg/hash/fnv"
	_ "github.com/goplus/ixgo/pkg/hash/maphash"
	_ "github.com/goplus/ixgo/pkg/html"
	_ "github.com/goplus/ixgo/pkg/html/template"
	_ "github.com/goplus/ixgo/pkg/image"
	_ "github.com/goplus/ixgo/pkg/image/color"
	_ "github.com/goplus/ixgo/pkg/image/color/palette"
	_ "github.com/goplus/ixgo/pkg/image/draw"
	_ "github.com/goplus/ixgo/pkg/image/gif"
	_ "github.com/goplus/ixgo/pkg/image/jpeg"
	_ "github.com/goplus/ixgo/pkg/image/png"
	_ "github.com/goplus/ixgo/pkg/io"
	_ "github.com/goplus/ixgo/pkg/io/fs"
	_ "github.com/goplus/ixgo/pkg/io/ioutil"
	_ "github.com/goplus/ixgo/pkg/iter"
	_ "github.com/goplus/ixgo/pkg/maps"
	_ "github.com/goplus/ixgo/pkg/math"
	_ "github.com/goplus/ixgo/pkg/math/big"
	_ "github.com/goplus/ixgo/pkg/math/bits"
	_ "github.com/goplus/ixgo/pkg/math/cmplx"
	_ "github.com/goplus/ixgo/pkg/math/rand"
	_ "github.com/goplus/ixgo/pkg/math/rand/v2"
	_ "github.com/goplus/ixgo/pkg/mime"
	_ "github.com/goplus/ixgo/pkg/mime/multipart"
	_ "github.com/goplus/ixgo/pkg/net"
	_ "github.com/goplus/ixgo/pkg/net/http"
	_ "github.com/goplus/ixgo/pkg/net/http/cookiejar"
	_ "github.com/goplus/ixgo/pkg/net/http/httptest"
	_ "github.com/goplus/ixgo/pkg/net/http/httputil"
	_ "github.com/goplus/ixgo/pkg/net/mail"
	_ "github.com/goplus/ixgo/pkg/net/netip"
	_ "github.com/goplus/ixgo/pkg/net/smtp"
	_ "github.com/goplus/ixgo/pkg/net/textproto"
	_ "github.com/goplus/ixgo/pkg/net/url"
	_ "github.com/goplus/ixgo/pkg/os"
	_ "github.com/goplus/ixgo/pkg/os/exec"
	_ "github.com/goplus/ixgo/pkg/os/signal"
	_ "github.com/goplus/ixgo/pkg/os/user"
	_ "github.com/goplus/ixgo/pkg/path"
	_ "github.com/goplus/ixgo/pkg/path/filepath"
	_ "github.com/goplus/ixgo/pkg/reflect"
	_ "github.com/goplus/ixgo/pkg/regexp"
	_ "github.com/goplus/ixgo/pkg/regexp/syntax"
	_ "github.com/goplus/ixgo/pkg/runtime"
	_ "github.com/goplus/ixgo/pkg/runtime/debug"
	_ "github.com/goplus/ixgo/pkg/runtime/metrics"
	_ "github.com/goplus/ixgo/pkg/slices"
	_ "github.com/goplus/ixgo/pkg/sort"
	_ "github.com/goplus/ixgo/pkg/strconv"
	_ "github.com/goplus/ixgo/pkg/strings"
	_ "github.com/goplus/ixgo/pkg/sync"
	_ "github.com/goplus/ixgo/pkg/sync/atomic"
	_ "github.com/goplus/ixgo/pkg/text/scanner"
	_ "github.com/goplus/ixgo/pkg/text/tabwriter"
	_ "github.com/goplus/ixgo/pkg/text/template"
	_ "github.com/goplus/ixgo/pkg/text/template/parse"
	_ "github.com/goplus/ixgo/pkg/time"
	_ "github.com/goplus/ixgo/pkg/unicode"
	_ "github.com/goplus/ixgo/pkg/unicode/utf16"
	_ "github.com/goplus/ixgo/pkg/unicode/utf8"
	_ "github.com/goplus/ixgo/pkg/weak"
)

// standard lists what is imported above, log and log/slog, unique and unsafe.
var standard = []string{
	"archive/tar",
	"archive/zip",
	"bufio",
	"bytes",
	"cmp",
	"compress/gzip",
	"compress/zlib",
	"container/heap",
	"container/list",
	"container/ring",
	"context",
	"crypto",
	"crypto/aes",
	"crypto/cipher",
	"crypto/ed25519",
	"crypto/hmac",
	"crypto/md5",
	"crypto/rand",
	"crypto/sha1",
	"crypto/sha256",
	"crypto/sha512",
	"crypto/tls",
	"crypto/x509",
	"crypto/x509/pkix",
	"encoding",
	"encoding/base32",
	"encoding/base64",
	"encoding/binary",
	"encoding/csv",
	"encoding/gob",
	"encoding/hex",
	"encoding/json",
	"encoding/pem",
	"encoding/xml",
	"errors",
	"expvar",
	"flag",
	"fmt",
	"go/ast",
	"go/format",
	"go/parser",
	"go/token",
	"hash",
	"hash/adler32",
	"hash/crc32",
	"hash/crc64",
	"hash/fnv",
	"hash/maphash",
	"html",
	"html/template",
	"image",
	"image/color",
	"image/color/palette",
	"image/draw",
	"image/gif",
	"image/jpeg",
	"image/png",
	"io",
	"io/fs",
	"io/ioutil",
	"iter",
	"maps",
	"math",
	"math/big",
	"math/bits",
	"math/cmplx",
	"math/rand",
	"math/rand/v2",
	"mime",
	"mime/multipart",
	"net",
	"net/http",
	"net/http/cookiejar",
	"net/http/httptest",
	"net/http/httputil",
	"net/mail",
	"net/netip",
	"net/smtp",
	"net/textproto",
	"net/url",
	"os",
	"os/exec",
	"os/signal",
	"os/user",
	"path",
	"path/filepath",
	"reflect",
	"regexp",
	"regexp/syntax",
	"runtime",
	"runtime/debug",
	"runtime/metrics",
	"slices",
	"sort",
	"strconv",
	"strings",
	"sync",
	"sync/atomic",
	"text/scanner",
	"text/tabwriter",
	"text/template",
	"text/template/parse",
	"time",
	"unicode",
	"unicode/utf16",
	"unicode/utf8",
	"unique",
	"weak",
	"log",
	"log/slog",
	"unsafe",
}

"""The suite jupyter_kernel_test, every test of it switched on."""

import functools

import jupyter_kernel_test as jkt
import pytest
from .driving import TIMEOUT, outputs, reply_to
from .starting import KERNEL

# jupyter_client's heartbeat thread, stopped before it has begun, makes sockets
# until it may not; the welcome test stops it that early.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")

def patient(get, timeout=None):
    """Wait for a message longer than was asked for."""
    return get(timeout=TIMEOUT)


DISPLAY = 'import "github.com/fabricbook/fabricbook/kernel/display"\n'


class TestKernel(jkt.KernelTests):
    kernel_name = KERNEL
    language_name = "go"
    file_extension = ".go"
    code_hello_world = 'import "fmt"\nfmt.Println("hello, world")'
    code_stderr = 'import ("fmt"; "os")\nfmt.Fprintln(os.Stderr, "oops")'
    completion_samples = [
        {"text": 'import "fmt"\nfmt.Prin', "matches": {"Print", "Printf", "Println"}},
        {"text": "retu", "matches": {"return"}},
    ]
    complete_code_samples = ["1 + 1", "for i := range 3 {\n\t_ = i\n}", "type T struct{}"]
    incomplete_code_samples = ["for i := range 3 {", "func f() int {", "x := []int{1,"]
    invalid_code_samples = ["1 + )", "}"]
    code_page_something = 'fmt.Println?'
    code_generate_error = 'panic("as it must be")'
    code_execute_result = [
        {"code": "6 * 7", "result": "42"},
        {"code": '"fabric" + "book"', "result": "fabricbook"},
        {"code": DISPLAY + 'display.HTML("<b>bold</b>")', "result": "<b>bold</b>", "mime": "text/html"},
    ]
    code_display_data = [
        {"code": DISPLAY + f"display.Show(display.{call})", "mime": mime}
        for call, mime in [
            ('HTML("<b>bold</b>")', "text/html"),
            ('Markdown("**bold**")', "text/markdown"),
            (r'Math("e^{i\\pi}")', "text/latex"),
            ('SVG("<svg xmlns=\'http://www.w3.org/2000/svg\'/>")', "image/svg+xml"),
            ('PNG([]byte{1, 2, 3})', "image/png"),
            ('JPEG([]byte{1, 2, 3})', "image/jpeg"),
            ('JSON(map[string]int{"a": 1})', "application/json"),
            ('Mermaid("graph TD; a-->b")', "text/vnd.mermaid"),
            ('VegaLite("{}")', "application/vnd.vegalite.v5+json"),
        ]
    ]
    code_history_pattern = "6 ? 7"
    supported_history_operations = ("tail", "range", "search")
    code_inspect_sample = "fmt.Println"
    code_clear_output = DISPLAY + "display.Clear(false)"

    @classmethod
    def setUpClass(cls):
        """The suite waits for a tenth of a second, which is short on a busy machine."""
        super().setUpClass()
        for channel in (cls.kc.shell_channel, cls.kc.iopub_channel):
            channel.get_msg = functools.partial(patient, channel.get_msg)

    def flush_channels(self):
        """All that was asked before is answered before this is."""
        asked = self.kc.kernel_info()
        reply_to(self.kc, asked)
        outputs(self.kc, asked)




class TestWelcome(jkt.IopubWelcomeTests):
    kernel_name = KERNEL
    support_iopub_welcome = True

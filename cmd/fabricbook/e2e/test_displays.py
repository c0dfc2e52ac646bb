"""What cells show, as a person sees it in JupyterLab: each kind of display is drawn, in the light and in the dark theme."""

import pytest
from conftest import new_context, shot
from frontends import lab, open_cell
from test_lab import errors


@pytest.fixture(scope="module")
def cell(browser, tmp_path_factory):
    with lab(tmp_path_factory.mktemp("displays")) as server:
        context = new_context(browser)
        yield open_cell(server, context.new_page())
        context.close()


def picture(cell, name):
    assert errors(cell.page) == []
    shot(cell.page, f"display-{name}.png")


PICTURE = """import ("bytes"; "image"; "image/color"; "image/jpeg"; "image/png")
axes := image.NewNRGBA(image.Rect(0, 0, 80, 40))
for x := range 80 { axes.Set(x, 39, color.Black) }
var encoded bytes.Buffer
"""

# What a cell runs, and what is in its output then that shows that it was drawn.
KINDS = {
    "html": ('display.HTML("<h3>Nodes</h3><p>all <b>up</b></p>")', ".jp-RenderedHTML b"),
    "markdown": ('display.Markdown("* one **two**")', ".jp-RenderedMarkdown li strong"),
    "latex": (r"display.Math(`e^{i\pi}+1=0`)", ".jp-RenderedLatex mjx-container"),
    "image": (PICTURE + "axes", ".jp-RenderedImage img.jp-needs-light-background"),
    "png": (PICTURE + "png.Encode(&encoded, axes)\nencoded.Bytes()", ".jp-RenderedImage img.jp-needs-light-background"),
    "jpeg": (PICTURE + "jpeg.Encode(&encoded, axes, nil)\ndisplay.JPEG(encoded.Bytes())", ".jp-RenderedImage img"),
    "svg": ('display.SVG(`<svg xmlns="http://www.w3.org/2000/svg" width="80" height="40"><title>a line</title><path d="M0 0L80 40" stroke="black"/></svg>`)',
            'img[alt="a line"]'),
    "json": ('display.JSON(map[string]any{"name": "web", "ports": []int{1, 2}})', ".jp-RenderedJSON"),
    "mermaid": ('display.Mermaid("graph LR; A[web-1] --> B(dc-router)")', ".jp-RenderedMermaid img"),
    "vega": ('display.VegaLite(`{"data": {"values": [{"a": "x", "b": 3}]}, "mark": "bar", "encoding": {"x": {"field": "a"}, "y": {"field": "b", "type": "quantitative"}}}`)',
             ".jp-RenderedVegaCommon5 canvas, .jp-RenderedVegaCommon5 svg"),
    "matrix": ('import "gonum.org/v1/gonum/mat"\nmat.NewDense(2, 2, []float64{1, 0.5, -3, 40})', ".jp-RenderedHTMLCommon table"),
}


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_is_drawn(cell, kind):
    source, drawn = KINDS[kind]
    cell.run(source)
    element = cell.output.locator(drawn).first
    element.wait_for()
    assert element.bounding_box()["height"] > 8
    if element.evaluate("e => e.tagName") == "IMG":
        assert element.evaluate("e => e.decode().then(() => e.naturalWidth)") >= 80
    picture(cell, kind)


PORTS = """type Port struct {
	Name    string
	Packets uint64
	Lossy   float64
	Err     error
}
"""


def test_tables_are_read_at_a_glance(cell):
    """Numbers are flush right, nothing stands for nil, and what others wrote into a name is text."""
    cell.run(PORTS + 'import "errors"\n[]Port{{"web <script>alert(1)</script>", 123456789, 1.0 / 3, nil}, {"db\\u202e", 7, 0, errors.New("no route")}}')
    table = cell.output.locator("table")
    assert table.locator("th").all_inner_texts() == ["Name", "Packets", "Lossy", "Err"]
    assert table.locator("td").all_inner_texts() == ["web <script>alert(1)</script>", "123456789", "0.333333", "", "db\ufffd", "7", "0", "no route"]
    assert [c.evaluate("e => getComputedStyle(e).textAlign") for c in table.locator("tr").nth(1).locator("td").all()] == ["left", "right", "right", "left"]
    picture(cell, "table")

    cell.run('map[string]int{"rx": 12, "tx": 7}')
    assert table.locator("td").all_inner_texts() == ["rx", "12", "tx", "7"]


def test_a_long_table_stays_small(cell):
    cell.run(PORTS + "rows := make([]Port, 10_000)\nfor i := range rows { rows[i].Packets = uint64(i) }\nrows")
    assert cell.output.locator("tr", has_text="9500 more rows").count() == 1
    assert cell.output.locator("tr").count() == 502
    assert cell.output.bounding_box()["height"] < 600
    assert cell.text().endswith("10000 rows")
    picture(cell, "long-table")


def test_a_long_error_stays_small(cell):
    cell.run('import "strings"\npanic(strings.Repeat("the interface is gone\\n", 5000))')
    [error] = errors(cell.page)
    assert "lines left out" in error and len(error.splitlines()) < 80, error[:2000]


def test_the_dark_theme_hides_nothing(cell):
    """Text is lighter than the ground it stands on, and drawings in black stand on white."""
    cell.page.get_by_role("menuitem", name="Settings", exact=True).click()
    cell.page.locator('.lm-Menu-itemLabel:text-is("Theme")').click()
    cell.page.locator('.lm-Menu-itemLabel:text-is("JupyterLab Dark")').click()
    cell.page.locator('body[data-jp-theme-light="false"]').wait_for(state="attached")
    cell.run(KINDS["svg"][0].replace("display.SVG", "display.Show(display.SVG") + ")\n" + PICTURE + "display.Show(axes)\n" + KINDS["matrix"][0])
    cell.output.locator("table").wait_for()
    light = "e => Math.min(...getComputedStyle(e).%s.match(/\\d+/g).slice(0, 3).map(Number))"
    for drawing in (KINDS["svg"][1], ".jp-RenderedImage img"):
        assert cell.output.locator(drawing).evaluate(light % "backgroundColor") > 200, drawing
    for part, colour in (("td", "color"), ("table", "borderLeftColor")):
        assert cell.output.locator(part).first.evaluate(light % colour) > 150, part
    picture(cell, "dark")

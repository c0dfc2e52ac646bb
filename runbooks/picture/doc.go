// Package picture draws a fabric as SVG: segments as lines across, routers on
// them, nodes with their ports below, external routers at the side, the underlay
// under all. The same fabric gives the same bytes.
//
// A drawing stands on a light ground of its own, since it is shown as an image
// and cannot inherit a notebook's colours. All names are escaped. It must not
// know where a fabric comes from.
package picture

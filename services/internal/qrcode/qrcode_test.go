package qrcode_test

import (
	"bytes"
	"image"
	"image/png"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/makiuchi-d/gozxing"
	zxing "github.com/makiuchi-d/gozxing/qrcode"
	"pgregory.net/rapid"

	"github.com/couponlink/couponlink/services/internal/apperr"
	"github.com/couponlink/couponlink/services/internal/propertytest"
	"github.com/couponlink/couponlink/services/internal/qrcode"
)

const link = "https://go.example.com/click?offer_id=10&pub_id=22&coupon_code=SALEXYZ20"

// TB is the common part of testing and rapid.
type TB interface {
	Helper()
	Fatalf(format string, args ...any)
}

// drawn returns the PNG of a URL.
func drawn(t TB, url string, size int) image.Image {
	t.Helper()
	code, err := qrcode.New(url)
	if err != nil {
		t.Fatalf("%s: %v", url, err)
	}
	file, err := code.PNG(size)
	if err != nil {
		t.Fatalf("%s: %v", url, err)
	}
	picture, err := png.Decode(bytes.NewReader(file))
	if err != nil {
		t.Fatalf("%s: %v", url, err)
	}
	return picture
}

// scanned returns the text that a reader finds in a picture.
func scanned(t TB, picture image.Image) string {
	t.Helper()
	bitmap, err := gozxing.NewBinaryBitmapFromImage(picture)
	if err != nil {
		t.Fatalf("%v", err)
	}
	hints := map[gozxing.DecodeHintType]any{gozxing.DecodeHintType_PURE_BARCODE: true}
	result, err := zxing.NewQRCodeReader().Decode(bitmap, hints)
	if err != nil {
		t.Fatalf("the picture cannot be scanned: %v", err)
	}
	if level := result.GetResultMetadata()[gozxing.ResultMetadataType_ERROR_CORRECTION_LEVEL]; level != "M" {
		t.Fatalf("the error correction is %v", level)
	}
	return result.GetText()
}

func TestPNGCanBeScanned(t *testing.T) {
	t.Parallel()
	long := "https://example.com/?q=" + strings.Repeat("aB3-", 500)
	for _, c := range []struct {
		url  string
		size int
	}{{link, 64}, {link, 512}, {link, 777}, {link, 2048}, {"http://a", 64}, {long[:qrcode.MaxURLBytes], 400}} {
		picture := drawn(t, c.url, c.size)
		if bounds := picture.Bounds(); bounds.Dx() != c.size || bounds.Dy() != c.size {
			t.Errorf("%v, want %d pixels", bounds, c.size)
		}
		if got := scanned(t, picture); got != c.url {
			t.Errorf("scanned %q, want %q", got, c.url)
		}
	}
}

func TestAnyURLCanBeScanned(t *testing.T) {
	t.Parallel()
	propertytest.Check(t, func(t *rapid.T) {
		url := "https://example.com/" + rapid.StringMatching(`[!-~]{0,300}`).
			Filter(func(s string) bool { return !strings.Contains(s, "%") }).Draw(t, "path")
		if got := scanned(t, drawn(t, url, 512)); got != url {
			t.Fatalf("scanned %q, want %q", got, url)
		}
	})
}

var (
	viewBox = regexp.MustCompile(`viewBox="0 0 (\d+) (\d+)"`)
	run     = regexp.MustCompile(`M(\d+) (\d+)h(\d+)v1h-(\d+)z`)
)

// TestSVGIsThePNG checks that the SVG has the modules of the PNG, one pixel each.
func TestSVGIsThePNG(t *testing.T) {
	t.Parallel()
	code, err := qrcode.New(link)
	if err != nil {
		t.Fatal(err)
	}
	file, err := code.SVG(300)
	if err != nil {
		t.Fatal(err)
	}
	svg := string(file)
	box := viewBox.FindStringSubmatch(svg)
	if box == nil || !strings.Contains(svg, `width="300" height="300"`) || !strings.Contains(svg, `shape-rendering="crispEdges"`) {
		t.Fatal(svg)
	}
	side, _ := strconv.Atoi(box[1])
	black := map[image.Point]bool{}
	for _, match := range run.FindAllStringSubmatch(svg, -1) {
		x, _ := strconv.Atoi(match[1])
		y, _ := strconv.Atoi(match[2])
		width, _ := strconv.Atoi(match[3])
		if match[3] != match[4] {
			t.Errorf("%s is not closed", match[0])
		}
		for i := range width {
			black[image.Pt(x+i, y)] = true
		}
	}
	const scale = 8
	picture := drawn(t, link, scale*side)
	for y := range side {
		for x := range side {
			r, _, _, _ := picture.At(x*scale+scale/2, y*scale+scale/2).RGBA()
			if (r == 0) != black[image.Pt(x, y)] {
				t.Fatalf("the module at %d, %d differs", x, y)
			}
			if framed := min(x, y, side-1-x, side-1-y) < 4; framed && r == 0 {
				t.Fatalf("the frame is black at %d, %d", x, y)
			}
		}
	}
}

func TestRefused(t *testing.T) {
	t.Parallel()
	for _, url := range []string{
		"", "example.com", "javascript:alert(1)", "mailto:a@example.com", "http://", "//example.com/x", "https://example.com/ä", "https://example.com/a b",
		"https://example.com/\n", "https://example.com/%zz", "https://example.com/" + strings.Repeat("a", qrcode.MaxURLBytes),
	} {
		_, err := qrcode.New(url)
		if fault := apperr.As(err); fault == nil || fault.Reason != "INVALID_URL" || fault.Violations[0].Field != "url" {
			t.Errorf("%q: %v", url, err)
		}
	}
	code, err := qrcode.New("https://example.com/" + strings.Repeat("a", 1900))
	if err != nil {
		t.Fatal(err)
	}
	draw := map[string]func(int) ([]byte, error){"png": code.PNG, "svg": code.SVG}
	for form, size := range map[string]int{"png": 100, "svg": qrcode.MinSize - 1} {
		_, err := draw[form](size)
		if fault := apperr.As(err); fault == nil || fault.Reason != "INVALID_SIZE" || fault.Violations[0].Field != "size" {
			t.Errorf("%s of %d pixels: %v", form, size, err)
		}
	}
	if _, err := code.PNG(qrcode.MaxSize + 1); !apperr.Is(err, apperr.InvalidArgument) {
		t.Errorf("too large: %v", err)
	}
}

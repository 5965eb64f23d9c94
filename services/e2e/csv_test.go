package e2e

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	couponv1 "github.com/couponlink/couponlink/gen/go/couponlink/coupon/v1"
)

// importedRows is the answer to an import.
type importedRows struct {
	Rows []struct {
		Row    int
		Coupon *struct{ Name, Code, StartTime, ExpireTime, InternalNote, TrackingLink string }
		Error  *struct {
			Code    int
			Message string
			Details []struct{ Reason string }
		}
	}
	Created, Failed int
	ValidateOnly    bool
}

// said summarizes each row: its number, and why it was refused.
func (r importedRows) said() string {
	var words []string
	for _, row := range r.Rows {
		word := fmt.Sprint(row.Row)
		if row.Error != nil {
			word += ":" + row.Error.Details[0].Reason
		}
		words = append(words, word)
	}
	return strings.Join(words, " ")
}

// importCSV imports a file, which must be readable.
func importCSV(t *testing.T, s *system, offer, query string, file []byte) importedRows {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.base+"/v1/offers/"+offer+"/coupons:import"+query, bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "text/csv")
	var answer importedRows
	if err := json.Unmarshal(ask(t, s, req), &answer); err != nil {
		t.Fatal(err)
	}
	return answer
}

// getFile returns the body of a GET.
func getFile(t *testing.T, s *system, path string) []byte {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.base+path, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	return ask(t, s, req)
}

func ask(t *testing.T, s *system, req *http.Request) []byte {
	t.Helper()
	req.Header.Set("Authorization", "Bearer "+s.key)
	resp, err := s.client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("%s %s: %d, %v, %.500s", req.Method, req.URL, resp.StatusCode, err, body)
	}
	return body
}

// csvSystem starts the product in the zone of Berlin, with offers 10 and 11, and publishers 22 and 23, who have one
// coupon each.
func csvSystem(t *testing.T) (*system, typed) {
	t.Helper()
	s, _ := startTogether(t, t.TempDir(), map[string]string{"COUPONLINK_TIME_ZONE": "Europe/Berlin"})
	client := newTyped(t, s.addrs)
	for offer, publisher := range map[string]string{"10": "22", "11": "23"} {
		client.campaign(t, offer, 1, func(int) (string, *couponv1.Publisher) {
			return publisher, &couponv1.Publisher{DisplayName: "Mia Runs"}
		})
	}
	return s, client
}

// codesOf returns an offer's codes, in order.
func codesOf(t *testing.T, s *system, offer string) []string {
	t.Helper()
	file := getFile(t, s, "/v1/offers/"+offer+"/coupons:export?columns=code&order_by=code")
	return firstCells(t, file)
}

// firstCells returns the first cell of each line after the header.
func firstCells(t *testing.T, file []byte) []string {
	t.Helper()
	lines, err := csv.NewReader(bytes.NewReader(file)).ReadAll()
	if err != nil {
		t.Fatalf("%v: %.500s", err, file)
	}
	cells := make([]string, 0, len(lines))
	for _, line := range lines[1:] {
		cells = append(cells, line[0])
	}
	return cells
}

// TestCSVFromASpreadsheet imports a file as a spreadsheet saves it, first as a dry run. Both imports must report the
// same for each row, and only the second stores.
func TestCSVFromASpreadsheet(t *testing.T) {
	t.Parallel()
	s, _ := csvSystem(t)
	file := []byte("\uFEFFCoupon Code;Publisher;Start Date;Expiration Date;Internal Note\r\n" +
		"SALEXYZ20;22;2026-11-01;2026-11-30;\"Autumn; \"\"big\"\" one\"\r\n" +
		"SALE_XYZ21;22;;;\r\n" +
		"salexyz20;publishers/22;;;\r\n" +
		";;;;\r\n" +
		"CODE22;22;;;\r\n" +
		"NOBODY1;99;;;\r\n" +
		"LATE1;22;2026-11-30;2026-11-01;\r\n" +
		"SOON1;22;30.11.2026;;\r\n" +
		"PLAIN1;22;;;'=1+1\r\n")
	const want = "2 3:INVALID_CODE 4:COUPON_EXISTS 6:COUPON_EXISTS 7:PUBLISHER_NOT_FOUND 8:INVALID_TIME_RANGE 9:INVALID_START_TIME 10"
	dry := importCSV(t, s, "10", "?validate_only=true", file)
	if dry.said() != want || dry.Created != 2 || dry.Failed != 6 || !dry.ValidateOnly {
		t.Errorf("the dry run: %s, %+v", dry.said(), dry)
	}
	if codes := codesOf(t, s, "10"); !slices.Equal(codes, []string{"CODE22"}) {
		t.Errorf("after the dry run there are %v", codes)
	}
	done := importCSV(t, s, "10", "", file)
	if done.said() != want || done.Created != 2 || done.ValidateOnly {
		t.Errorf("the import: %s", done.said())
	}
	first := done.Rows[0].Coupon
	if first.Name != "offers/10/coupons/22.SALEXYZ20" || first.StartTime != "2026-10-31T23:00:00Z" || first.ExpireTime != "2026-11-30T23:00:00Z" ||
		first.InternalNote != `Autumn; "big" one` || !strings.Contains(first.TrackingLink, "coupon_code=SALEXYZ20") {
		t.Errorf("the first row became %+v", first)
	}
	if message := done.Rows[1].Error.Message; !strings.Contains(message, "did you mean SALEXYZ21?") {
		t.Errorf("a misspelt code: %s", message)
	}
	if last := done.Rows[7].Coupon; last == nil || last.InternalNote != "=1+1" {
		t.Errorf("the last row became %+v", last)
	}
	if again := importCSV(t, s, "10", "", file); again.Created != 0 || again.Rows[0].Error.Code != 6 || codesOf(t, s, "10")[2] != "SALEXYZ20" {
		t.Errorf("imported again: %s", again.said())
	}
}

// TestCSVRoundTrip exports coupons and imports the file: unchanged, when all of them exist, and into another offer,
// where they become the same coupons.
func TestCSVRoundTrip(t *testing.T) {
	t.Parallel()
	s, client := csvSystem(t)
	disabled := false
	for i, note := range []string{"=1+1", "'=1", "'quoted'", "one\ntwo", "a, \"b\"; c\td", " spaces ", "", "ü 😀"} {
		coupon := &couponv1.Coupon{Code: fmt.Sprintf("NOTE%dx", i), Publisher: "publishers/22", InternalNote: note, UsageLimit: int64(i)}
		if i%2 == 0 {
			coupon.Enabled = &disabled
		}
		if _, err := client.coupons.CreateCoupon(t.Context(), &couponv1.CreateCouponRequest{Parent: "offers/10", Coupon: coupon}); err != nil {
			t.Fatal(err)
		}
	}
	whole := getFile(t, s, "/v1/offers/10/coupons:export")
	if again := importCSV(t, s, "10", "", whole); again.Created != 0 || again.Failed != 9 || strings.Count(again.said(), ":COUPON_EXISTS") != 9 {
		t.Errorf("the file as it is: %s", again.said())
	}
	const columns = "code,publisher,state,enabled,start_time,expire_time,internal_note,usage_limit,daily_usage_limit"
	const query = "/coupons:export?order_by=code&filter=publisher%3D%22publishers%2F22%22&columns=" + columns
	from := getFile(t, s, "/v1/offers/10"+query)
	if moved := importCSV(t, s, "11", "", from); moved.Created != 9 || moved.Failed != 0 {
		t.Errorf("to another offer: %s", moved.said())
	}
	if to := getFile(t, s, "/v1/offers/11"+query); !bytes.Equal(from, to) {
		t.Errorf("exported\n%s\nand after its import\n%s", from, to)
	}
	// Each row goes to the offer that it names.
	all, err := csv.NewReader(bytes.NewReader(getFile(t, s, "/v1/offers/-/coupons:export"))).ReadAll()
	if err != nil || len(all) != 1+2*9+1 {
		t.Fatalf("%v: %d rows", err, len(all))
	}
	if anywhere := importCSV(t, s, "-", "", []byte("publisher,offer,code\n22,10,MORE1\n22,offers/11,MORE1\n22,,MORE2\n")); anywhere.said() != "2 3 4:INVALID_OFFER" {
		t.Errorf("into any offer: %s", anywhere.said())
	}
}

// TestCSVOf10000 imports the maximum number of coupons, some of them twice, far apart, and exports them. Three separate
// processes run, because messages between them have a limit.
func TestCSVOf10000(t *testing.T) {
	t.Parallel()
	const rows = 10_000
	s, _ := startApart(t, nil)
	newTyped(t, s.addrs).campaign(t, "10", 1, func(int) (string, *couponv1.Publisher) { return "22", &couponv1.Publisher{DisplayName: "Mia Runs"} })
	note := strings.Repeat("x", 700)
	var file bytes.Buffer
	file.WriteString("code,publisher,internal_note\n")
	for i := range rows {
		fmt.Fprintf(&file, "BULK%05d,22,%s\n", i%(rows-100), note)
	}
	for _, query := range []string{"?validate_only=true", ""} {
		got := importCSV(t, s, "10", query, file.Bytes())
		if got.Created != rows-100 || got.Failed != 100 || len(got.Rows) != rows {
			t.Fatalf("%s: %d created, %d failed", query, got.Created, got.Failed)
		}
		if last := got.Rows[rows-1]; last.Row != rows+1 || last.Error == nil || last.Error.Details[0].Reason != "COUPON_EXISTS" {
			t.Errorf("%s: the last row: %+v", query, last)
		}
	}
	codes := codesOf(t, s, "10")
	if len(codes) != 1+rows-100 || !slices.IsSorted(codes) || len(slices.Compact(codes)) != 1+rows-100 {
		t.Errorf("%d coupons are exported", len(codes))
	}
}

// TestCSVOfLongNotes exports pages of the longest notes, which are longer than messages may usually be.
func TestCSVOfLongNotes(t *testing.T) {
	t.Parallel()
	s, _ := startApart(t, nil)
	newTyped(t, s.addrs).campaign(t, "10", 1, func(int) (string, *couponv1.Publisher) { return "22", &couponv1.Publisher{DisplayName: "Mia Runs"} })
	var file bytes.Buffer
	file.WriteString("code,publisher,internal_note\n")
	for i := range 1000 {
		fmt.Fprintf(&file, "LONG%04d,22,%s\n", i, strings.Repeat("😀", 2000))
	}
	if got := importCSV(t, s, "10", "", file.Bytes()); got.Created != 1000 {
		t.Errorf("%d created: %.300s", got.Created, got.said())
	}
	if file := getFile(t, s, "/v1/offers/10/coupons:export"); len(file) < 8_000_000 {
		t.Errorf("%d bytes are exported", len(file))
	}
}

func TestQRCode(t *testing.T) {
	t.Parallel()
	s, _ := startTogether(t, t.TempDir(), nil)
	link := "?url=https%3A%2F%2Fgo.example.com%2Fclick%3Foffer_id%3D10%26pub_id%3D22"
	if picture := getFile(t, s, "/v1/links:qr"+link); !bytes.HasPrefix(picture, []byte("\x89PNG")) {
		t.Errorf("%.20q is no PNG", picture)
	}
	if picture := getFile(t, s, "/v1/links:qr"+link+"&format=svg&size=128"); !bytes.HasPrefix(picture, []byte("<svg")) {
		t.Errorf("%.20q is no SVG", picture)
	}
}

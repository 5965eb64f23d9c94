package couponcsv_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/couponlink/couponlink/services/internal/apperr"
	"github.com/couponlink/couponlink/services/internal/couponcsv"
	"github.com/couponlink/couponlink/services/internal/discount"
)

// zoned returns a time zone.
func zoned(t testing.TB, name string) *time.Location {
	t.Helper()
	zone, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return zone
}

// read reads a file, which must be readable, in the zone of Berlin.
func read(t testing.TB, file []byte) []couponcsv.Row {
	t.Helper()
	rows, err := couponcsv.Read(file, zoned(t, "Europe/Berlin"), false)
	if err != nil {
		t.Fatalf("%q: %v", file, err)
	}
	return rows
}

// inUTF16 encodes a text like the "Unicode text" of spreadsheets.
func inUTF16(text string, order binary.AppendByteOrder) []byte {
	file := order.AppendUint16(nil, 0xFEFF)
	for _, unit := range utf16.Encode([]rune(text)) {
		file = order.AppendUint16(file, unit)
	}
	return file
}

func TestReadsWhatSpreadsheetsWrite(t *testing.T) {
	t.Parallel()
	const comma = "Coupon Code,OFFER,publisher,Start Date,Expiration Date,Internal Note\n" +
		"SALEXYZ20,10,publishers/22,2026-11-01,2026-11-30,\"Grüße, \"\"Mia\"\"\"\n"
	want := []couponcsv.Row{{Number: 2, Coupon: couponcsv.Coupon{
		Code: "SALEXYZ20", Offer: "offers/10", Publisher: "publishers/22", InternalNote: `Grüße, "Mia"`,
		StartTime: time.Date(2026, 10, 31, 23, 0, 0, 0, time.UTC), ExpireTime: time.Date(2026, 11, 30, 23, 0, 0, 0, time.UTC),
	}}}
	// The comma within the quotes stays one.
	other := func(separator string) string {
		return strings.ReplaceAll(strings.ReplaceAll(comma, ",", separator), "Grüße"+separator, "Grüße,")
	}
	crlf := strings.ReplaceAll(comma, "\n", "\r\n")
	for name, file := range map[string][]byte{
		"commas":                    []byte(comma),
		"semicolons":                []byte(other(";")),
		"tabs":                      []byte(other("\t")),
		"CRLF":                      []byte(crlf),
		"a byte order mark":         []byte("\uFEFF" + comma),
		"semicolons, mark and CRLF": []byte("\uFEFF" + strings.ReplaceAll(other(";"), "\n", "\r\n")),
		"UTF-16, little end first":  inUTF16(strings.ReplaceAll(other("\t"), "\n", "\r\n"), binary.LittleEndian),
		"UTF-16, big end first":     inUTF16(comma, binary.BigEndian),
		"CR":                        []byte(strings.ReplaceAll(comma, "\n", "\r")),
		"CR in UTF-16":              inUTF16(strings.ReplaceAll(comma, "\n", "\r"), binary.LittleEndian),
		"a stated semicolon":        []byte("sep=;\n" + other(";")),
		"a stated comma and CRLF":   []byte("\uFEFFSEP=,\r\n" + crlf),
		"a stated tab, in UTF-16":   inUTF16("sep=\t\r\n"+other("\t"), binary.LittleEndian),
		"a stated bar, in quotes":   []byte("\"sep=|\"\r" + strings.ReplaceAll(other("|"), "\n", "\r")),
		"no end of the last line":   []byte(strings.TrimSuffix(comma, "\n")),
		"empty rows at the end":     []byte(comma + ",,,,,\n\n , ,\n"),
		"empty columns at the end":  []byte(strings.ReplaceAll(strings.TrimSuffix(comma, "\n"), "\n", ",,\n") + ",,\n"),
	} {
		if got := read(t, file); !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %+v, want %+v", name, got, want)
		}
	}
}

func TestColumns(t *testing.T) {
	t.Parallel()
	for title, set := range map[string]func(*couponcsv.Coupon){
		"start_time": func(c *couponcsv.Coupon) { c.StartTime = time.Date(2026, 11, 30, 18, 0, 0, 0, time.UTC) }, "START TIME": nil, "Start Date": nil, "start": nil,
		"expire_time": func(c *couponcsv.Coupon) { c.ExpireTime = time.Date(2026, 11, 30, 18, 0, 0, 0, time.UTC) }, "ExpireTime": nil, "expiration date": nil, "Expire": nil, "end_date": nil,
		"internal_note": func(c *couponcsv.Coupon) { c.InternalNote = "2026-11-30T19:00:00+01:00" }, "Internal Note": nil, "note": nil,
		"name": func(*couponcsv.Coupon) {}, "tracking_link": nil, "create_time": nil, "Update Time": nil, "state": nil,
	} {
		row := read(t, []byte("publisher,"+title+",code\n22,2026-11-30T19:00:00+01:00, Abc1 \n"))[0]
		if row.Fault != nil || row.Coupon.Code != "Abc1" || row.Coupon.Publisher != "publishers/22" {
			t.Errorf("%s: %+v", title, row)
		}
		want := couponcsv.Coupon{Code: "Abc1", Publisher: "publishers/22"}
		if set == nil {
			continue
		}
		if set(&want); row.Coupon != want {
			t.Errorf("%s: %+v, want %+v", title, row.Coupon, want)
		}
	}
}

// mostIDs returns a discount with as many ids as are allowed, each as long as is allowed.
func mostIDs(t *testing.T) discount.Discount {
	t.Helper()
	list := make([]string, discount.MaxIDs)
	for i := range list {
		list[i] = strings.Repeat("夏", discount.MaxIDChars-3) + fmt.Sprintf("%03d", i)
	}
	ids, err := discount.IDsOf(list)
	if err != nil {
		t.Fatal(err)
	}
	return discount.Discount{Kind: discount.FreeShipping, Included: ids}
}

func TestCells(t *testing.T) {
	t.Parallel()
	most := mostIDs(t)
	for _, c := range []struct {
		header, cells string
		want          couponcsv.Coupon
		reason, field string
	}{
		{"note", "'=1+1", couponcsv.Coupon{InternalNote: "=1+1"}, "", ""},
		{"note", "''=1+1", couponcsv.Coupon{InternalNote: "'=1+1"}, "", ""},
		{"note", "'quoted'", couponcsv.Coupon{InternalNote: "'quoted'"}, "", ""},
		{"note", "\"one\r\ntwo\"", couponcsv.Coupon{InternalNote: "one\ntwo"}, "", ""},
		{"note", "  kept ", couponcsv.Coupon{InternalNote: "  kept "}, "", ""},
		{"offer", "offers/a-1", couponcsv.Coupon{Offer: "offers/a-1"}, "", ""},
		{"enabled", "FALSE", couponcsv.Coupon{Disabled: true}, "", ""},
		{"enabled", "yes", couponcsv.Coupon{}, "", ""},
		{"enabled", "maybe", couponcsv.Coupon{}, "INVALID_ENABLED", "enabled"},
		{"state", "ACTIVE", couponcsv.Coupon{}, "", ""},
		{"state", "DISABLED", couponcsv.Coupon{Disabled: true}, "", ""},
		{"state,enabled", "DISABLED,true", couponcsv.Coupon{}, "", ""},
		{"state", "ARCHIVED", couponcsv.Coupon{}, "COUPON_ARCHIVED", ""},
		{"usage_limit,daily usage limit", "100,5", couponcsv.Coupon{UsageLimit: 100, DailyUsageLimit: 5}, "", ""},
		{"Discount", "20%; from 50 EUR", couponcsv.Coupon{Discount: discount.Discount{Kind: discount.Percent, Percent: 200_000, Minimum: "50.00 EUR"}}, "", ""},
		{"discount", `"5 EUR, 6 USD; not gift"`, couponcsv.Coupon{Discount: discount.Discount{Kind: discount.Fixed, Fixed: "5.00 EUR,6.00 USD", Excluded: "gift"}}, "", ""},
		{"discount", `"` + most.String() + `"`, couponcsv.Coupon{Discount: most}, "", ""},
		{"discount", "20", couponcsv.Coupon{}, "INVALID_DISCOUNT", "discount"},
		{"discount", strings.Repeat("x", couponcsv.MaxDiscountBytes+1), couponcsv.Coupon{}, "INVALID_CELL", "discount"},
		{"usage_limit", "1.5", couponcsv.Coupon{}, "INVALID_USAGE_LIMIT", "usage_limit"},
		{"start", "30.11.2026", couponcsv.Coupon{}, "INVALID_START_TIME", "start_time"},
		{"start", "0001-01-01T00:00:00Z", couponcsv.Coupon{}, "INVALID_START_TIME", "start_time"},
		{"expire", "2026-02-30", couponcsv.Coupon{}, "INVALID_EXPIRE_TIME", "expire_time"},
		{"expire", "9999-12-31", couponcsv.Coupon{}, "", ""},
		{"expire", "1999-01-01", couponcsv.Coupon{}, "INVALID_EXPIRE_TIME", "expire_time"},
		{"note", strings.Repeat("x", couponcsv.MaxCellBytes+1), couponcsv.Coupon{}, "INVALID_CELL", "internal_note"},
		{"note", "a,b", couponcsv.Coupon{}, "INVALID_CELL", "column 4"},
		{"note,", "a,b", couponcsv.Coupon{}, "INVALID_CELL", "column 4"},
	} {
		row := read(t, []byte("code,publisher,"+c.header+"\nABC,22,"+c.cells+"\n"))[0]
		if c.reason == "" {
			c.want.Code, c.want.Publisher = "ABC", "publishers/22"
			if row.Fault != nil || row.Coupon != c.want {
				t.Errorf("%s %q: %+v", c.header, c.cells, row)
			}
			continue
		}
		field := ""
		if row.Fault != nil && len(row.Fault.Violations) > 0 {
			field = row.Fault.Violations[0].Field
		}
		if row.Fault == nil || row.Fault.Reason != c.reason || field != c.field {
			t.Errorf("%s %.40q: %+v", c.header, c.cells, row.Fault)
		}
	}
}

func TestARowSaysAllThatIsWrong(t *testing.T) {
	t.Parallel()
	fault := read(t, []byte("code,publisher,start,end date\nABC,22,soon,never\n"))[0].Fault
	if fault == nil || len(fault.Violations) != 2 || !strings.Contains(fault.Message, "start_time: ") || !strings.Contains(fault.Message, "; expire_time: ") {
		t.Errorf("%+v", fault)
	}
}

// TestDays checks when days begin in several zones, including one where clocks go forward at midnight.
func TestDays(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ zone, day, start, expire string }{
		{"UTC", "2026-11-30", "2026-11-30T00:00:00Z", "2026-12-01T00:00:00Z"},
		{"America/New_York", "2026-11-01", "2026-11-01T04:00:00Z", "2026-11-02T05:00:00Z"}, // clocks go back
		{"Europe/Berlin", "2026-03-29", "2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z"},    // clocks go forward
		{"Africa/Cairo", "2026-04-24", "2026-04-23T22:00:00Z", "2026-04-24T21:00:00Z"},     // begins at one o'clock
		{"Asia/Kathmandu", "2028-02-29", "2028-02-28T18:15:00Z", "2028-02-29T18:15:00Z"},
	} {
		rows, err := couponcsv.Read([]byte("code,publisher,start,expire\nA,1,"+c.day+","+c.day+"\n"), zoned(t, c.zone), false)
		if err != nil {
			t.Fatal(err)
		}
		start, expire := rows[0].Coupon.StartTime.Format(time.RFC3339), rows[0].Coupon.ExpireTime.Format(time.RFC3339)
		if start != c.start || expire != c.expire {
			t.Errorf("%s in %s: %s to %s, want %s to %s", c.day, c.zone, start, expire, c.start, c.expire)
		}
	}
}

// TestNumbers checks that rows have the numbers that a spreadsheet shows, with or without blank lines.
func TestNumbers(t *testing.T) {
	t.Parallel()
	rows := read(t, []byte("\r\ncode;publisher;note\r\nA;1;\"one\r\ntwo\"\r\n\r\n\r\nB;1;x\r\n;;\r\nC;1;x"))
	var got []string
	for _, row := range rows {
		got = append(got, fmt.Sprintf("%s%d", row.Coupon.Code, row.Number))
	}
	if strings.Join(got, " ") != "A3 B6 C8" {
		t.Error(got)
	}
	// A spreadsheet does not show the line that names the separator.
	if rows := read(t, []byte("sep=;\rcode;publisher\r\rA;1\r")); len(rows) != 1 || rows[0].Number != 3 {
		t.Errorf("%+v", rows)
	}
}

func TestRefusedFiles(t *testing.T) {
	t.Parallel()
	many := "code,publisher\n" + strings.Repeat("A,1\n", couponcsv.MaxRows)
	for _, c := range []struct{ name, file, reason, words string }{
		{"empty", "", "INVALID_FILE", "empty"},
		{"only a mark", "\uFEFF\r\n", "INVALID_FILE", "empty"},
		{"an unknown column", "code,publisher,colour\n", "UNKNOWN_COLUMN", `row 1, column 3: there is no column "colour"; the columns are code, offer,`},
		{"an unknown column below blank rows", "\n\ncolour,publisher\n", "UNKNOWN_COLUMN", `row 3, column 1: there is no column "colour"`},
		{"no header", "SALEXYZ20,22\n", "UNKNOWN_COLUMN", `"SALEXYZ20"`},
		{"a column twice", "code,publisher,Coupon Code\n", "DUPLICATE_COLUMN", `row 1, columns 1 and 3: "code" and "Coupon Code" both are code`},
		{"no code", "publisher\n", "MISSING_COLUMN", `"code"`},
		{"no publisher", "code\n", "MISSING_COLUMN", `"publisher"`},
		{"an open quote", "code,publisher\nA,1\n\"B,2\n", "INVALID_FILE", "row 3, column 1 (line 3 of the file)"},
		{"a quote within", "code,publisher\nA,1\"\n", "INVALID_FILE", "row 2, column 2 (line 2 of the file)"},
		{"a quote within, further down", "sep=,\ncode,publisher\nA,\"1\n,2\"\n\nB,\"1,2\nx\",1\"\n", "INVALID_FILE", "row 4, column 3 (line 7 of the file)"},
		{"not UTF-8", "code,publisher\nA,1\nB,\xe4\n", "INVALID_FILE", "line 3 is not UTF-8, in column 2"},
		{"not UTF-8 behind CR", "code;note\r\"A;\";\xe4\r", "INVALID_FILE", "line 2 is not UTF-8, in column 2"},
		{"no separator", "sep=\ncode,publisher\n", "INVALID_FILE", `row 1: "sep=" names no separator; write sep=;`},
		{"a separator of two characters", "sep=::\n", "INVALID_FILE", "names no separator"},
		{"only a separator", "sep=;\r", "INVALID_FILE", "empty"},
		{"too many titles", "code,publisher" + strings.Repeat(",", 199) + "\n", "TOO_MANY_COLUMNS", "row 1 has 201 columns; at most 200"},
		{"too many cells", "code;publisher\n\n\"A;\n\";1" + strings.Repeat(";", 199) + "\n", "TOO_MANY_COLUMNS", "row 3 has 201 columns"},
		{"UTF-16 without a mark", "c\x00o\x00d\x00e\x00", "INVALID_FILE", "CSV UTF-8"},
		{"a workbook", "PK\x03\x04...", "INVALID_FILE", "workbook"},
		{"too many rows", many + "A,1\n", "TOO_MANY_ROWS", "10,000"},
		{"too long", strings.Repeat(" ", couponcsv.MaxBytes+1), "INVALID_FILE", "8 MiB"},
	} {
		_, err := couponcsv.Read([]byte(c.file), time.UTC, false)
		fault := apperr.As(err)
		if fault == nil || fault.Kind != apperr.InvalidArgument || fault.Reason != c.reason || !strings.Contains(fault.Message, c.words) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	if rows := read(t, []byte(many+"\n,\n")); len(rows) != couponcsv.MaxRows {
		t.Errorf("%d rows", len(rows))
	}
	_, err := couponcsv.Read([]byte("code,publisher\n"), time.UTC, true)
	if fault := apperr.As(err); fault == nil || fault.Reason != "MISSING_COLUMN" || !strings.Contains(fault.Message, `"offer"`) {
		t.Errorf("without an offer: %v", err)
	}
}

// TestManyColumns checks that 200 columns are accepted, whatever is in quotes.
func TestManyColumns(t *testing.T) {
	t.Parallel()
	more := strings.Repeat(",", couponcsv.MaxColumns-3)
	rows := read(t, []byte("code,publisher,note"+more+"\nA,1,\""+more+"\n,\""+more+"\n"))
	if len(rows) != 1 || rows[0].Fault != nil || rows[0].Coupon.InternalNote != more+"\n," {
		t.Errorf("%+v", rows)
	}
}

// TestMillionsOfCells checks that a file of separators only is refused before it takes many times its size in memory.
func TestMillionsOfCells(t *testing.T) {
	t.Parallel()
	for _, file := range []string{"code,publisher" + strings.Repeat(",", couponcsv.MaxBytes-100), "code,publisher\nA,1" + strings.Repeat(",x", couponcsv.MaxBytes/2-100)} {
		if _, err := couponcsv.Read([]byte(file), time.UTC, false); err == nil || apperr.As(err).Reason != "TOO_MANY_COLUMNS" {
			t.Errorf("%v", err)
		}
	}
}

// FuzzRead checks that any file results in rows within the bounds or in an error, and that the same text in UTF-16 or
// with a byte order mark has the same result.
func FuzzRead(f *testing.F) {
	for _, seed := range []string{
		"code,publisher\nA,1\n", "Coupon Code;Publisher;Start Date\r\n\"A\";'=1;2026-11-01\r\n\r\n;;\r\nB;2;x", "code\tpublisher\tnote\nA\t1\t\"a\n\"\"b\"\n",
		"\uFEFFcode,publisher,state\nA,1,ARCHIVED\n", "\xFF\xFEc\x00o\x00", "code,publisher,enabled,usage_limit\nA,1,no,-5\nB,1,,9999999999999999999999\n", "\"code\",publisher,\nA,1,x\n",
		"sep=;\rcode;publisher\rA;1\r", "code\rA\n\"B\rC\"",
	} {
		f.Add([]byte(seed))
	}
	zone := zoned(f, "Africa/Cairo")
	f.Fuzz(func(t *testing.T, file []byte) {
		rows, err := couponcsv.Read(file, zone, false)
		if err != nil {
			if fault := apperr.As(err); fault == nil || fault.Kind != apperr.InvalidArgument || fault.Message == "" {
				t.Fatalf("%q: %v", file, err)
			}
			return
		}
		last := 1
		for _, row := range rows {
			if row.Number <= last || row.Number > 1+bytes.Count(file, []byte("\n"))+bytes.Count(file, []byte("\r")) && !marked(file) {
				t.Fatalf("%q: row %d follows row %d", file, row.Number, last)
			}
			last = row.Number
			if c := row.Coupon; row.Fault == nil && (len(c.Code) > couponcsv.MaxCellBytes || len(c.InternalNote) > couponcsv.MaxCellBytes || strings.TrimSpace(c.Code) != c.Code) {
				t.Fatalf("%q: %+v", file, row)
			}
		}
		if marked(file) {
			return
		}
		text := strings.TrimPrefix(string(file), "\uFEFF")
		for _, form := range [][]byte{inUTF16(text, binary.LittleEndian), inUTF16(text, binary.BigEndian), []byte("\uFEFF" + text)} {
			if again := readIn(t, form, zone); !reflect.DeepEqual(again, rows) {
				t.Fatalf("%q: %+v, in another form %+v", file, rows, again)
			}
		}
	})
}

// marked reports whether a file has a UTF-16 byte order mark.
func marked(file []byte) bool {
	return bytes.HasPrefix(file, []byte{0xFF, 0xFE}) || bytes.HasPrefix(file, []byte{0xFE, 0xFF})
}

func readIn(t *testing.T, file []byte, zone *time.Location) []couponcsv.Row {
	t.Helper()
	rows, err := couponcsv.Read(file, zone, false)
	if err != nil {
		t.Fatalf("%q: %v", file, err)
	}
	return rows
}

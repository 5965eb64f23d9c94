package sqlitedb

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
)

// The format of a write-ahead log: https://www.sqlite.org/fileformat2.html#walformat.
const (
	walHeaderBytes = 32
	frameBytes     = 24
	// walMagic begins the header. Its last bit means that checksums are of big-endian words.
	walMagic = 0x377f0682
)

// logFile returns the path of a database's write-ahead log.
func logFile(path string) string { return path + "-wal" }

// checkLog looks for damage in a write-ahead log that no process has open. SQLite treats a log with a damaged header as
// empty, and a log with damage later on as one that ends there. It would silently lose what was stored after that.
//
// A power failure can cut off the last transaction, which was not acknowledged then. Each transaction is synced to the
// disk before the next begins. So two complete ones after a broken frame mean damage.
func checkLog(path string) error {
	file, err := os.Open(path) //nolint:gosec // the operator names the path
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("opening the write-ahead log: %w", err)
	}
	defer func() { _ = file.Close() }() // it is only read
	info, err := file.Stat()
	if err != nil {
		return fmt.Errorf("reading the write-ahead log: %w", err)
	}
	if info.Size() < walHeaderBytes+frameBytes { // it has no frames
		return nil
	}
	r := logReader{in: bufio.NewReaderSize(file, 1<<20)}
	if what, err := r.check(); what != "" || err != nil {
		return &Damage{File: path, What: what + unread(err), Cause: err}
	}
	return nil
}

func unread(err error) string {
	if err == nil {
		return ""
	}
	return "cannot be read: " + err.Error()
}

// logReader reads a log from its beginning.
type logReader struct {
	in    io.Reader
	order binary.ByteOrder
	// sums are the two running checksums.
	sums [2]uint32
}

// check returns the fault in the log, or "".
func (r *logReader) check() (string, error) {
	header := make([]byte, walHeaderBytes)
	if _, err := io.ReadFull(r.in, header); err != nil {
		return "", err
	}
	magic := binary.BigEndian.Uint32(header)
	if magic&^1 != walMagic {
		return "has no log's header", nil
	}
	r.order = binary.LittleEndian
	if magic&1 == 1 {
		r.order = binary.BigEndian
	}
	r.add(header[:24])
	if !r.sumsAre(header[24:]) {
		return "has a damaged header", nil
	}
	return r.frames(int(binary.BigEndian.Uint32(header[8:])), [8]byte(header[16:24]))
}

// frames checks the frames that have the header's salt. Others are from an older log.
func (r *logReader) frames(pageBytes int, salt [8]byte) (string, error) {
	if pageBytes < 512 || pageBytes > 1<<16 {
		return "has a damaged header", nil
	}
	frame := make([]byte, frameBytes+pageBytes)
	broken, beyond := 0, 0
	for number := 1; ; number++ {
		if _, err := io.ReadFull(r.in, frame); err != nil {
			if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
				return "", nil
			}
			return "", err
		}
		ofThisLog := [8]byte(frame[8:16]) == salt
		if broken == 0 {
			r.add(frame[:8])
			r.add(frame[frameBytes:])
			if ofThisLog && r.sumsAre(frame[16:]) {
				continue
			}
			broken = number
		}
		if number > broken && ofThisLog && binary.BigEndian.Uint32(frame[4:]) != 0 {
			if beyond++; beyond == 2 {
				return fmt.Sprintf("is damaged at its frame %d, and what was stored after that is in it", broken), nil
			}
		}
	}
}

// add adds bytes, a multiple of eight, to the checksums.
func (r *logReader) add(b []byte) {
	first, second := r.sums[0], r.sums[1]
	for ; len(b) >= 8; b = b[8:] {
		first += r.order.Uint32(b) + second
		second += r.order.Uint32(b[4:]) + first
	}
	r.sums = [2]uint32{first, second}
}

// sumsAre reports whether the checksums are the stored ones.
func (r *logReader) sumsAre(stored []byte) bool {
	return binary.BigEndian.Uint32(stored) == r.sums[0] && binary.BigEndian.Uint32(stored[4:]) == r.sums[1]
}

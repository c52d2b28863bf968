package bits

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
)

// The parts of a zip's end record that tell whether the file is all there (APPNOTE 4.3.16).
const (
	endSignature  = "PK\x05\x06"
	dirSignature  = "PK\x01\x02"
	endSize       = 22 // bytes, without the comment
	endEntries    = 10
	endDirSize    = 12
	endDirOffset  = 16
	endComment    = 20
	zip64Marker   = 1<<32 - 1
	maxZipComment = 1<<16 - 1
)

var (
	errNoZip  = errors.New("it does not end as a zip does")
	errCutZip = errors.New("its directory is not where its end says")
)

// CheckZip looks at the end of what should be a zip: text, a tgz and a zip that broke off are found out. What is in it
// is the stager's affair; reading a hostile directory here would cost memory for nothing.
func CheckZip(f io.ReaderAt, size int64) error {
	tail := make([]byte, min(size, endSize+maxZipComment))
	if _, err := f.ReadAt(tail, size-int64(len(tail))); err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	at := findEnd(tail)
	if at < 0 {
		return errNoZip
	}
	end := tail[at:]
	dirSize := int64(binary.LittleEndian.Uint32(end[endDirSize:]))
	dirOffset := int64(binary.LittleEndian.Uint32(end[endDirOffset:]))
	if dirSize == zip64Marker || dirOffset == zip64Marker || binary.LittleEndian.Uint16(end[endEntries:]) == 0 {
		return nil // sizes stand elsewhere, or there is nothing to point at
	}
	dirStart := size - int64(len(end)) - dirSize // later than dirOffset when something was put before the zip
	if dirStart < dirOffset {
		return errCutZip
	}
	start := make([]byte, len(dirSignature))
	if _, err := f.ReadAt(start, dirStart); err != nil || string(start) != dirSignature {
		return errCutZip
	}
	return nil
}

// findEnd returns where the end record begins, -1 when there is none. Its comment must reach to the end of the file.
func findEnd(tail []byte) int {
	for at := bytes.LastIndex(tail, []byte(endSignature)); at >= 0; at = bytes.LastIndex(tail[:at], []byte(endSignature)) {
		if at+endSize <= len(tail) && at+endSize+int(binary.LittleEndian.Uint16(tail[at+endComment:])) == len(tail) {
			return at
		}
	}
	return -1
}

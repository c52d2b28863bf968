package bits

import (
	"crypto/sha1"
	"encoding/hex"
	"io"
	"os"
	"strings"
)

// Incoming is an upload that has arrived and is not yet stored.
type Incoming struct {
	File *os.File // open, its position at the end
	SHA1 string
	Size int64 // bytes
}

// Receive lets write produce bits, straight to disk. The caller discards the result, kept or not.
func (s *Store) Receive(write func(io.Writer) error) (*Incoming, error) {
	f, err := os.CreateTemp(s.Path(""), unfinished)
	if err != nil {
		return nil, err
	}
	in := &Incoming{File: f}
	hash := sha1.New()
	if err := write(io.MultiWriter(f, hash)); err != nil {
		in.Discard()
		return nil, err
	}
	if in.Size, err = f.Seek(0, io.SeekCurrent); err != nil {
		in.Discard()
		return nil, err
	}
	in.SHA1 = hex.EncodeToString(hash.Sum(nil))
	return in, nil
}

// CopyFrom is what Receive wants, for bits that are being read.
func CopyFrom(r io.Reader) func(io.Writer) error {
	return func(w io.Writer) error {
		_, err := io.Copy(w, r)
		return err
	}
}

// Discard forgets the upload, unless it was kept: then the file has another name.
func (in *Incoming) Discard() {
	in.File.Close()
	_ = os.Remove(in.File.Name()) // what remains is removed at the next start
}

// maxLinkName keeps link names within what file systems take, 255 bytes.
const maxLinkName = 200

// linkName is the file name for an id, whatever is in it: no two ids share one, also where case does not count, and none
// is "." or leads anywhere. Ids of small letters, digits, - and _ are their own names.
func linkName(id string) string {
	const literal = "abcdefghijklmnopqrstuvwxyz0123456789-_"
	var name strings.Builder
	for _, c := range []byte(id) {
		if strings.IndexByte(literal, c) >= 0 {
			name.WriteByte(c)
		} else {
			name.WriteString("%" + hex.EncodeToString([]byte{c}))
		}
	}
	if name.Len() == 0 || name.Len() > maxLinkName {
		sum := sha1.Sum([]byte(id))
		return "%%" + hex.EncodeToString(sum[:]) // nothing above begins with two
	}
	return name.String()
}

// IsSHA1 reports whether s is 40 lower-case hex digits.
func IsSHA1(s string) bool {
	return len(s) == 2*sha1.Size && strings.Trim(s, "0123456789abcdef") == ""
}

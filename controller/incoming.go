package controller

import (
	"crypto/sha1"
	"encoding/hex"
	"io"
	"os"
	"strings"
)

// incoming is an upload that has arrived and is not yet stored.
type incoming struct {
	file *os.File
	sha1 string
	size int64
}

// receive lets write produce bits, straight to disk. The caller discards the result, kept or not.
func (s *store) receive(write func(io.Writer) error) (*incoming, error) {
	f, err := os.CreateTemp(s.bits(""), unfinished)
	if err != nil {
		return nil, err
	}
	in := &incoming{file: f}
	hash := sha1.New()
	if err := write(io.MultiWriter(f, hash)); err != nil {
		in.discard()
		return nil, err
	}
	if in.size, err = f.Seek(0, io.SeekCurrent); err != nil {
		in.discard()
		return nil, err
	}
	in.sha1 = hex.EncodeToString(hash.Sum(nil))
	return in, nil
}

// copyFrom is what receive wants, for bits that are being read.
func copyFrom(r io.Reader) func(io.Writer) error {
	return func(w io.Writer) error {
		_, err := io.Copy(w, r)
		return err
	}
}

// discard forgets the upload, unless it was kept: then the file has another name.
func (in *incoming) discard() {
	in.file.Close()
	_ = os.Remove(in.file.Name()) // what remains is removed at the next start
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

// isSHA1 reports whether s is 40 lower-case hex digits.
func isSHA1(s string) bool {
	return len(s) == 2*sha1.Size && strings.Trim(s, "0123456789abcdef") == ""
}

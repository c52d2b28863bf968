package webxml

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// byteOrderMark is what some editors put in front of a text.
const byteOrderMark = "\ufeff"

// charset knows the way back from UTF-8 to the encoding of a file.
type charset struct {
	encode func(text string) ([]byte, error)
}

var declaredEncoding = regexp.MustCompile(`^(?:\x{feff})?<\?xml\s[^>]*?encoding\s*=\s*["']([A-Za-z0-9._:-]+)["']`)

// asciiAbove are encodings in which a byte below 128 is ASCII wherever it stands, and one above is a character. What these
// are does not matter here: nothing that is looked for has any.
var asciiAbove = regexp.MustCompile(`^(us-ascii|ascii|iso-8859-\d+|iso_8859-\d+|latin\d+|windows-125\d|cp125\d|koi8-[ru])$`)

// decode returns a file's text in UTF-8.
func decode(text []byte) (content []byte, cs charset, err error) {
	if order := utf16Order(text); order != nil {
		content, err := decodeUTF16(text, order)
		return content, charset{func(s string) ([]byte, error) { return encodeUTF16(s, order), nil }}, err
	}
	name := ""
	if found := declaredEncoding.FindSubmatch(text); found != nil {
		name = strings.ToLower(string(found[1]))
	}
	switch {
	case name == "" || name == "utf-8" || name == "utf8":
		if !utf8.Valid(text) {
			return nil, cs, errors.New("it is not UTF-8, and names no other encoding")
		}
		return text, charset{func(s string) ([]byte, error) { return []byte(s), nil }}, nil
	case asciiAbove.MatchString(name):
		return decodeBytes(text), charset{encodeBytes}, nil
	}
	return nil, cs, fmt.Errorf("the encoding %s is not known here; save it as UTF-8", name)
}

// utf16Order is the byte order of a file that begins with a byte order mark of UTF-16, else nil.
func utf16Order(text []byte) binary.ByteOrder {
	switch {
	case bytes.HasPrefix(text, []byte{0xfe, 0xff}):
		return binary.BigEndian
	case bytes.HasPrefix(text, []byte{0xff, 0xfe}):
		return binary.LittleEndian
	}
	return nil
}

func decodeUTF16(text []byte, order binary.ByteOrder) ([]byte, error) {
	if len(text)%2 != 0 {
		return nil, errors.New("it ends in the middle of a character")
	}
	units := make([]uint16, len(text)/2)
	for i := range units {
		units[i] = order.Uint16(text[2*i:])
	}
	return []byte(string(utf16.Decode(units))), nil
}

func encodeUTF16(text string, order binary.ByteOrder) []byte {
	var out []byte
	for _, unit := range utf16.Encode([]rune(text)) {
		out = append(out, 0, 0)
		order.PutUint16(out[len(out)-2:], unit)
	}
	return out
}

// decodeBytes makes a character of each byte, whichever it may be, and encodeBytes turns them back.
func decodeBytes(text []byte) []byte {
	var out []byte
	for _, b := range text {
		out = utf8.AppendRune(out, rune(b))
	}
	return out
}

func encodeBytes(text string) ([]byte, error) {
	out := make([]byte, 0, len(text))
	for _, r := range text {
		if r > 0xff {
			return nil, fmt.Errorf("%q cannot be written in its encoding", r)
		}
		out = append(out, byte(r))
	}
	return out, nil
}

package story

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// What is longer than this is shortened when a payload is shown to people; --json shows everything.
const (
	longText = 76
	longLine = 88
)

// Pretty is how the story shows a payload, each line behind an indentation.
func Pretty(payload []byte, indent string) string {
	return indent + strings.ReplaceAll(pretty(payload), "\n", "\n"+indent)
}

// pretty writes JSON for people: indented, keys in the order of the message, small objects and lists on one line, long
// texts cut with a note of their length.
func pretty(payload json.RawMessage) string {
	if len(bytes.TrimSpace(payload)) == 0 {
		return "(empty)"
	}
	v, err := decodeOrdered(payload)
	if err != nil {
		return printable(string(payload))
	}
	var b strings.Builder
	v.write(&b, "", 0)
	return printable(b.String())
}

// node is a JSON value that remembers the order of its keys.
type node struct {
	keys   []string // of an object
	values []node   // of an object or a list
	kind   json.Delim
	scalar string // JSON text, when kind is 0
}

func decodeOrdered(payload []byte) (node, error) {
	d := json.NewDecoder(bytes.NewReader(payload))
	d.UseNumber()
	return readNode(d)
}

func readNode(d *json.Decoder) (node, error) {
	t, err := d.Token()
	if err != nil {
		return node{}, err
	}
	delim, ok := t.(json.Delim)
	if !ok {
		text, err := plainJSON(t)
		return node{scalar: shorten(text)}, err
	}
	n := node{kind: delim}
	for d.More() {
		if delim == '{' {
			key, err := d.Token()
			if err != nil {
				return node{}, err
			}
			n.keys = append(n.keys, fmt.Sprintf("%q", key))
		}
		inner, err := readNode(d)
		if err != nil {
			return node{}, err
		}
		n.values = append(n.values, inner)
	}
	_, err = d.Token() // the closing delimiter
	return n, err
}

// plainJSON writes a scalar without escaping <, > and &: nobody reads this in a browser.
func plainJSON(v any) (string, error) {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return strings.TrimSuffix(b.String(), "\n"), err
}

// shorten cuts the JSON of a long text, never inside a character or an escape, and says how long it was.
func shorten(scalar string) string {
	var text string
	if len(scalar) <= longText || json.Unmarshal([]byte(scalar), &text) != nil { // a number is never cut
		return scalar
	}
	cut := 1 // after the quote
	for next := cut; next <= longText-20; next += letter(scalar[next:]) {
		cut = next
	}
	return fmt.Sprintf("%s…\" (%d characters)", scalar[:cut], utf8.RuneCountInString(text))
}

// letter is the length of the first character of the inside of a JSON text, as it is written there.
func letter(inside string) int {
	switch {
	case inside[0] != '\\':
		_, n := utf8.DecodeRuneInString(inside)
		return n
	case inside[1] == 'u':
		return len(`\u0000`)
	}
	return len(`\n`)
}

// printable shows what would control the terminal instead of sending it there: apps and their logs say anything.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t':
			return r
		case r < ' ':
			return '␀' + r // the picture of the character
		case r == 0x7f:
			return '␡'
		case unicode.IsControl(r), unicode.Is(unicode.Bidi_Control, r):
			return utf8.RuneError
		}
		return r
	}, strings.ReplaceAll(text, "\r\n", "\n"))
}

// write writes n at an indentation; used is what stands before it on its line.
func (n node) write(b *strings.Builder, indent string, used int) {
	if flat := n.flat(); n.kind == 0 || len(indent)+used+len(flat) <= longLine {
		b.WriteString(flat)
		return
	}
	inner := indent + "  "
	b.WriteString(string(rune(n.kind)) + "\n")
	for i, v := range n.values {
		b.WriteString(inner)
		key := ""
		if n.keys != nil {
			key = n.keys[i] + ": "
		}
		b.WriteString(key)
		v.write(b, inner, len(key))
		if i < len(n.values)-1 {
			b.WriteByte(',')
		}
		b.WriteByte('\n')
	}
	b.WriteString(indent + closing(n.kind))
}

func (n node) flat() string {
	if n.kind == 0 {
		return n.scalar
	}
	parts := make([]string, len(n.values))
	for i, v := range n.values {
		parts[i] = v.flat()
		if n.keys != nil {
			parts[i] = n.keys[i] + ": " + parts[i]
		}
	}
	return string(rune(n.kind)) + strings.Join(parts, ", ") + closing(n.kind)
}

func closing(open json.Delim) string {
	if open == '{' {
		return "}"
	}
	return "]"
}

package node

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/minicf/minicf/stager/plugin"
)

// syntaxError words a mistake in a JSON file as Yajl did, the parser of 2012, and tells where it is.
func syntaxError(name string, text []byte, err error) error {
	syntax, ok := errors.AsType[*json.SyntaxError](err)
	if !ok {
		return &plugin.StagingError{Message: fmt.Sprintf("read %s: %v", name, err)}
	}
	at := int(syntax.Offset) - 1 // the offset counts the byte that is wrong
	if strings.HasPrefix(syntax.Error(), "unexpected end") {
		at = len(text)
	}
	at = min(max(at, 0), len(text))
	line := 1 + bytes.Count(text[:at], []byte("\n"))
	column := at - bytes.LastIndexByte(text[:at], '\n')
	return &plugin.StagingError{
		Message: yajlWords(syntax.Error(), text[at:]),
		Tip:     fmt.Sprintf("%s, line %d, column %d: %v", name, line, column, syntax),
	}
}

// yajlWords translates the message of a mistake; rest is the text from there on. What belongs to no token was a lexical error
// to Yajl, whatever stood before it.
func yajlWords(message string, rest []byte) string {
	for _, w := range []struct{ part, words string }{
		{"unexpected end", "parse error: premature EOF"},
		{"in literal", "lexical error: invalid string in json text."},
		{"in string literal", "lexical error: invalid character inside string."},
		{"in string escape code", `lexical error: inside a string, '\' occurs before a character which it may not.`},
		{`in \u hexadecimal`, `lexical error: invalid (non-hex) character occurs after '\u' inside string.`},
		{"after decimal point", "lexical error: malformed number, a digit is required after the decimal point."},
		{"in exponent", "lexical error: malformed number, a digit is required after the exponent."},
		{"in numeric literal", "lexical error: malformed number, a digit is required after the minus sign."},
	} {
		if strings.Contains(message, w.part) {
			return w.words
		}
	}
	if words := lexical(rest); words != "" {
		return words
	}
	for _, w := range []struct{ part, words string }{
		{"object key string", "parse error: invalid object key (must be a string)"},
		{"after object key:value pair", "parse error: after key and value, inside map, I expect ',' or '}'"},
		{"after object key", "parse error: object key and value must be separated by a colon (':')"},
		{"after array element", "parse error: after array element, I expect ',' or ']'"},
	} {
		if strings.Contains(message, w.part) {
			return w.words
		}
	}
	return "parse error: unallowed token at this point in JSON text"
}

// lexical is what was wrong with the text as a token; "" when it begins with one.
func lexical(rest []byte) string {
	if len(rest) == 0 || strings.IndexByte(`{}[]:,"-0123456789`, rest[0]) >= 0 {
		return ""
	}
	for _, word := range []string{"true", "false", "null"} {
		switch {
		case bytes.HasPrefix(rest, []byte(word)):
			return ""
		case rest[0] == word[0]:
			return "lexical error: invalid string in json text."
		}
	}
	return "lexical error: invalid char in json text."
}

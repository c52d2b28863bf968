package node

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/minicf/minicf/stager/plugin"
)

func TestBrokenJSONIsExplainedInTheWordsOf2012AndLocated(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ text, message, place string }{
		{"{nope\n", "lexical error: invalid string in json text.", "line 1, column 2"},
		{"{\"a\": [1,\n  2,,3]}", "parse error: unallowed token at this point in JSON text", "line 2, column 5"},
		{`{"a": 1,}`, "parse error: invalid object key (must be a string)", "line 1, column 9"},
		{`{"a" 1}`, "parse error: object key and value must be separated by a colon (':')", "line 1, column 6"},
		{`{"a": 1 "b"}`, "parse error: after key and value, inside map, I expect ',' or '}'", "line 1, column 9"},
		{`[1 2]`, "parse error: after array element, I expect ',' or ']'", "line 1, column 4"},
		{`{'a': 1}`, "lexical error: invalid char in json text.", "line 1, column 2"},
		{`{"a": nul}`, "lexical error: invalid string in json text.", "line 1, column 10"},
		{"{\"a\": \"\n\"}", "lexical error: invalid character inside string.", "line 1, column 8"},
		{`{"a": "\q"}`, `lexical error: inside a string, '\' occurs before a character which it may not.`, "line 1, column 9"},
		{`{"a": "\u12g4"}`, `lexical error: invalid (non-hex) character occurs after '\u' inside string.`, "line 1, column 12"},
		{`{"a": 1.x}`, "lexical error: malformed number, a digit is required after the decimal point.", "line 1, column 9"},
		{`{"a": 1e}`, "lexical error: malformed number, a digit is required after the exponent.", "line 1, column 9"},
		{`{"a": -}`, "lexical error: malformed number, a digit is required after the minus sign.", "line 1, column 8"},
		{`{"scripts": `, "parse error: premature EOF", "line 1, column 13"},
		{"", "parse error: premature EOF", "line 1, column 1"},
		{"{}\n?", "lexical error: invalid char in json text.", "line 2, column 1"},
	} {
		var value any
		err := syntaxError("package.json", []byte(tt.text), json.Unmarshal([]byte(tt.text), &value))
		staging, ok := errors.AsType[*plugin.StagingError](err)
		if !ok || staging.Message != tt.message || !strings.Contains(staging.Tip, tt.place+":") {
			t.Errorf("%q: %v (%s), want %q at %s", tt.text, err, staging.Hint(), tt.message, tt.place)
		}
	}
}

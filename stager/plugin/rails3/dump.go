package rails3

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml"
)

// dump writes a document as the YAML library of Ruby does, so that database.yml is what it was in 2012, to the quotes. It knows
// what such a file has in it: maps, lists, texts, numbers, true and false, nothing. What a line is too long for is not folded.
func dump(sections yaml.MapSlice) string {
	var b strings.Builder
	b.WriteString("---")
	dumpValue(&b, sections, 0)
	return b.String()
}

// dumpValue writes a value behind "key:" or "---", with the end of the line. Lists stand as far to the left as their key.
func dumpValue(b *strings.Builder, value any, indent int) {
	switch v := value.(type) {
	case yaml.MapSlice:
		if len(v) > 0 {
			b.WriteString("\n")
			dumpMap(b, v, indent, strings.Repeat(" ", indent))
			return
		}
		b.WriteString(" {}")
	case []any:
		if len(v) > 0 {
			b.WriteString("\n")
			dumpList(b, v, max(indent-2, 0), strings.Repeat(" ", max(indent-2, 0)))
			return
		}
		b.WriteString(" []")
	case string:
		b.WriteString(" " + text(v, indent))
	case nil: // nothing, not even a space
	default:
		fmt.Fprintf(b, " %v", v)
	}
	b.WriteString("\n")
}

// dumpMap writes a map whose first line begins with first.
func dumpMap(b *strings.Builder, m yaml.MapSlice, indent int, first string) {
	for i, item := range m {
		if i > 0 {
			first = strings.Repeat(" ", indent)
		}
		key, ok := item.Key.(string)
		if ok {
			key = text(key, indent)
		} else {
			key = fmt.Sprint(item.Key)
		}
		b.WriteString(first + key + ":")
		dumpValue(b, item.Value, indent+2)
	}
}

// dumpList writes a list whose first line begins with first.
func dumpList(b *strings.Builder, list []any, indent int, first string) {
	for i, item := range list {
		if i > 0 {
			first = strings.Repeat(" ", indent)
		}
		m, isMap := item.(yaml.MapSlice)
		inner, isList := item.([]any)
		switch {
		case isMap && len(m) > 0:
			dumpMap(b, m, indent+2, first+"- ")
		case isList && len(inner) > 0:
			dumpList(b, inner, indent+2, first+"- ")
		default:
			b.WriteString(first + "-")
			dumpValue(b, item, indent+2)
		}
	}
}

var (
	beginsOddly = regexp.MustCompile(`^[^\pL\pM\pN\p{Pc}][^"]*$`)
	// What Ruby would read as something else than a text: nothing, a truth, a number, a date.
	resolves = regexp.MustCompile(`^(?:(?i:null|yes|true|on|no|false|off)|` +
		`[-+]?(?:0b[01_,]+|0x[0-9a-fA-F_,]+|[0-9][0-9_,]*|[0-9][0-9_]*(?::[0-5]?[0-9]){1,2}(?:\.[0-9_]*)?|[0-9][0-9_,]*\.[0-9]*(?:[eE][+-][0-9]+)?)|` +
		`\d{4}-\d{1,2}-\d{1,2}(?:(?:[Tt]|\s+)\d{1,2}:\d\d:\d\d(?:\.\d*)?(?:\s*Z|[-+]\d{1,2}:?(?:\d\d)?)?)?)$`)
	cannotBePlain = regexp.MustCompile(`^["'#,\[\]{}&*!|>%@` + "`" + `]|^[-?:](?:\s|$)|:(?:\s|$)|\s#|\s$`)
	oneLetter     = regexp.MustCompile(`^[yn]$`) // which some take for yes and no
)

// text is a text in the quotes that Ruby gives it, or in none.
func text(s string, indent int) string {
	switch {
	case strings.Contains(strings.TrimSuffix(s, "\n"), "\n"):
		return lines(s, indent)
	case strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == '\u007f' || r == '\ufeff' }), oneLetter.MatchString(s):
		return strconv.Quote(s)
	case s != "" && beginsOddly.MatchString(s):
		return `"` + strings.ReplaceAll(s, `\`, `\\`) + `"`
	case s == "", resolves.MatchString(s), cannotBePlain.MatchString(s):
		return "'" + strings.ReplaceAll(s, "'", "''") + "'"
	}
	return s
}

// lines is a text of several lines, each on its own.
func lines(s string, indent int) string {
	mark := "|"
	if strings.HasPrefix(s, " ") {
		mark += "2"
	}
	body := strings.TrimSuffix(s, "\n")
	switch {
	case body == s:
		mark += "-"
	case strings.HasSuffix(body, "\n"):
		mark += "+"
	}
	for line := range strings.SplitSeq(body, "\n") {
		mark += "\n"
		if line != "" {
			mark += strings.Repeat(" ", max(indent, 2)) + line
		}
	}
	return mark
}

package config

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"
)

// Error is a mistake in a file, the environment or a flag. Its text shows where it is, with the lines around it when that is a
// file, and what would be right. Passwords in those lines are masked.
type Error struct {
	Source string // "config/dea.yml", "env MINICF_DEA_MAX_MEMORY" or "flag --max-memory"
	Line   int    // from 1; 0 when Source is no file
	Column int    // from 1
	Msg    string // what is wrong
	Help   string // what is allowed, may be empty

	excerpt string
	cause   error
}

// Error returns all of it, on several lines when there are lines to show.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.Source)
	if e.Line > 0 {
		fmt.Fprintf(&b, ":%d:%d", e.Line, e.Column)
	}
	b.WriteString(": " + e.Msg)
	if e.excerpt != "" {
		b.WriteString("\n" + e.excerpt)
	}
	if e.Help != "" {
		b.WriteString("\n" + e.Help)
	}
	return b.String()
}

// Unwrap returns what a component's Validate found, nil for other mistakes.
func (e *Error) Unwrap() error { return e.cause }

const (
	around  = 2   // lines shown before and after the one in question
	maxLine = 100 // runes shown of a line
)

// excerptOf shows the lines around a place of a file, with a caret under it.
func excerptOf(data []byte, line, column int) string {
	lines := strings.Split(string(data), "\n")
	if line < 1 || line > len(lines) {
		return ""
	}
	// A long line is shown from near the column, and its neighbours with it, so that the caret still points.
	from := 0
	if column > maxLine {
		from = column - maxLine/2
	}
	first, last := max(line-around, 1), min(line+around, len(lines))
	if last == len(lines) && last > line && lines[last-1] == "" {
		last-- // what follows the final line break
	}
	var out []string
	for n := first; n <= last; n++ {
		mark := " "
		if n == line {
			mark = ">"
		}
		text := window(lines[n-1], from)
		out = append(out, strings.TrimRight(fmt.Sprintf("%s %4d | %s", mark, n, text), " "))
		if n == line {
			out = append(out, "       | "+indent(text, column-1-from)+"^")
		}
	}
	return strings.Join(out, "\n")
}

// window returns the part of a line to show: without secrets, without what a terminal would act on.
func window(line string, from int) string {
	line = strings.TrimSuffix(line, "\r")
	runes := []rune(strings.Map(printable, maskLine(strings.ToValidUTF8(line, "\uFFFD"))))
	from = min(from, len(runes))
	return string(runes[from:min(from+maxLine, len(runes))])
}

func printable(r rune) rune {
	if r != '\t' && !unicode.IsPrint(r) {
		return '\uFFFD'
	}
	return r
}

// indent returns white space as wide as the first n runes of text, tabs kept.
func indent(text string, n int) string {
	var b strings.Builder
	for i, r := range []rune(text) {
		if i >= n {
			break
		}
		if r != '\t' {
			r = ' '
		}
		b.WriteRune(r)
	}
	return b.String()
}

var secretLine = regexp.MustCompile(`(?i)(\b(?:password|pass|token|secret)\b["']?\s*:\s*)[^#\s].*`)

// maskLine hides the secrets of one line of a file.
func maskLine(line string) string {
	return maskURLs(secretLine.ReplaceAllString(line, "${1}"+mask))
}

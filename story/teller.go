package story

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"
)

// teller is the voice of the story.
type teller interface {
	tell(Step) error
}

// jsonTeller writes each step as one line of JSON.
type jsonTeller struct{ w io.Writer }

func (t jsonTeller) tell(s Step) error { return json.NewEncoder(t.w).Encode(s) }

// textTeller writes for people at a terminal.
type textTeller struct {
	w     io.Writer
	color bool
	wait  *bufio.Reader // Enter is awaited between steps when set
}

// width of a told line; what is quoted is only cut where it would become unreadable.
const width = 100

func (t *textTeller) tell(s Step) error {
	var b bytes.Buffer
	if t.wait != nil && s.Number > 1 {
		fmt.Fprintln(t.w, t.paint(dim, "\n      press Enter to go on"))
		if _, err := t.wait.ReadString('\n'); err != nil && err != io.EOF {
			return err
		}
	}
	fmt.Fprintf(&b, "\n%s  %s\n", t.paint(bold, fmt.Sprintf("%2d  %s", s.Number, s.Title)), t.paint(dim, elapsed(s.Elapsed)))
	for _, line := range wrap(s.Why, width-4) {
		fmt.Fprintf(&b, "    %s\n", line)
	}
	for _, e := range s.Exhibits {
		t.exhibit(&b, e)
	}
	_, err := t.w.Write(b.Bytes())
	return err
}

func (t *textTeller) exhibit(b *bytes.Buffer, e Exhibit) {
	fmt.Fprintln(b)
	body := e.Text
	if e.Subject != "" {
		fmt.Fprintf(b, "    %s %s %s\n", t.paint(cyan, e.Label), t.paint(bold, e.Subject), t.paint(dim, "at "+elapsed(e.At)))
		body = pretty(e.Payload)
	} else if e.Label != "" {
		fmt.Fprintf(b, "    %s\n", t.paint(cyan, e.Label))
	}
	for line := range strings.Lines(strings.TrimRight(body, "\n")) {
		fmt.Fprintf(b, "      %s\n", strings.TrimRight(line, "\n"))
	}
}

// The colours of the terminal that the story uses.
const (
	bold = "1"
	dim  = "2"
	cyan = "36"
)

func (t *textTeller) paint(code, s string) string {
	if !t.color || s == "" {
		return s
	}
	return "\x1b[" + code + "m" + s + "\x1b[0m"
}

func elapsed(d time.Duration) string {
	switch {
	case d <= 0:
		return ""
	case d < 10*time.Millisecond:
		return fmt.Sprintf("%.1f ms", milliseconds(d))
	case d < time.Second:
		return fmt.Sprintf("%d ms", d.Milliseconds())
	}
	return fmt.Sprintf("%.1f s", d.Seconds())
}

// wrap breaks text at blanks so that no line is longer than limit, unless a single word is.
func wrap(text string, limit int) []string {
	var lines []string
	line := ""
	for word := range strings.FieldsSeq(text) {
		if line != "" && len(line)+1+len(word) > limit {
			lines = append(lines, line)
			line = ""
		}
		if line != "" {
			line += " "
		}
		line += word
	}
	if line != "" {
		lines = append(lines, line)
	}
	return lines
}

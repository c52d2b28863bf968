package story

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
)

// teller is the voice of the story.
type teller interface {
	tell(Step) error
	// pause waits until the reader wants the next step. The error is ctx's when that ends first.
	pause(ctx context.Context) error
}

// jsonTeller writes each step as one line of JSON.
type jsonTeller struct{ w io.Writer }

func (t jsonTeller) tell(s Step) error { return json.NewEncoder(t.w).Encode(s) }

// pause does not wait: programs read as fast as they can.
func (t jsonTeller) pause(context.Context) error { return nil }

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
	b.WriteString("\n" + t.paint(bold, fmt.Sprintf("%2d  %s", s.Number, s.Title)))
	if took := elapsed(s.Elapsed); took != "" {
		b.WriteString("  " + t.paint(dim, took))
	}
	b.WriteByte('\n')
	for _, line := range wrap(s.Why, width-4) {
		fmt.Fprintf(&b, "    %s\n", line)
	}
	for _, e := range s.Exhibits {
		t.exhibit(&b, e)
	}
	_, err := t.w.Write(b.Bytes())
	return err
}

// pause waits for Enter. Where nobody can press it, as when input comes from /dev/null, the story goes on by itself.
func (t *textTeller) pause(ctx context.Context) error {
	if t.wait == nil {
		return nil
	}
	if _, err := fmt.Fprintf(t.w, "\n      %s\n", t.paint(dim, "press Enter to go on")); err != nil {
		return err
	}
	pressed := make(chan error, 1)
	// The read cannot be interrupted; when ctx ends first, the process ends too and takes it along.
	go func() {
		_, err := t.wait.ReadString('\n')
		pressed <- err
	}()
	select {
	case err := <-pressed:
		if !errors.Is(err, io.EOF) {
			return err
		}
		t.wait = nil
		return nil
	case <-ctx.Done():
		return fmt.Errorf("wait for Enter: %w", ctx.Err())
	}
}

func (t *textTeller) exhibit(b *bytes.Buffer, e Exhibit) {
	heading := []string{t.paint(cyan, printable(e.Label))}
	body := printable(e.Text)
	if e.Subject != "" {
		heading = append(heading, t.paint(bold, printable(e.Subject)))
		body = pretty(e.Payload)
	}
	if e.At > 0 {
		heading = append(heading, t.paint(dim, "at "+elapsed(e.At)))
	}
	fmt.Fprintf(b, "\n    %s\n", strings.Join(heading, " "))
	for line := range strings.Lines(strings.TrimRight(body, "\n")) {
		if line = strings.TrimRight(line, "\n"); line != "" {
			line = "      " + line
		}
		b.WriteString(line + "\n")
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

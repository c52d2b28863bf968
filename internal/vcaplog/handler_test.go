package vcaplog

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/slogtest"
	"time"
)

func TestIdsAreTheFirstDigitsOfTheMD5AsInVcapLogging(t *testing.T) {
	t.Parallel()
	if got := hash4("70218391847680"); got != "bcad" { // echo -n 70218391847680 | md5sum
		t.Errorf("id = %s, want bcad", got)
	}
}

// tail returns what follows `-- `, without the line's end.
func tail(t *testing.T, line string) string {
	t.Helper()
	_, rest, ok := strings.Cut(line, " -- ")
	if !ok || !strings.HasSuffix(rest, "\n") || strings.Count(rest, "\n") != 1 {
		t.Fatalf("not one line of 2012: %q", line)
	}
	return strings.TrimSuffix(rest, "\n")
}

func TestAttributesFollowTheMessage(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		msg  string
		args []any
		want string
	}{
		"plain values":              {"staged", []any{"app_id", "42", "duration", 3 * time.Second, "bytes", 909}, "staged app_id=42 duration=3s bytes=909"},
		"values in need of quotes":  {"m", []any{"a", "two words", "b", `say "hi"`, "c", "k=v", "d", ""}, `m a="two words" b="say \"hi\"" c="k=v" d=""`},
		"an error":                  {"m", []any{"error", errors.New("disk full")}, `m error="disk full"`},
		"a group":                   {"m", []any{slog.Group("usage", "mem", 1, "disk", 2)}, "m usage.mem=1 usage.disk=2"},
		"an empty group":            {"m", []any{slog.Group("usage")}, "m"},
		"a time":                    {"m", []any{"at", tutorialTime}, "m at=2012-11-13T22:12:33.985133Z"},
		"bytes":                     {"m", []any{"payload", []byte(`{}`)}, "m payload={}"},
		"a list":                    {"m", []any{"uris", []string{"a", "b"}}, `m uris="[a b]"`},
		"line breaks":               {"one\r\ntwo", []any{"a", "b\nc"}, `one\r\ntwo a="b\nc"`},
		"terminal control":          {"a\x1b[2Jb", []any{"v", "\x1b[31m"}, `a\x1b[2Jb v="\x1b[31m"`},
		"a key that breaks lines":   {"m", []any{"a\nb", 1}, `m a\nb=1`},
		"text that is not UTF-8":    {"m", []any{"v", "\xff"}, `m v="\xff"`},
		"letters beyond ASCII":      {"größe", []any{"v", "naïve"}, "größe v=naïve"},
		"something that makes text": {"m", []any{"level", LevelInfo}, "m level=INFO"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := tail(t, write(t, VCAP, "dea", LevelInfo, tt.msg, tt.args...)); got != tt.want {
				t.Errorf("text = %s\nwant   %s", got, tt.want)
			}
		})
	}
}

func TestNameColumnTellsWhoLogs(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		name string
		args []any
		want string
	}{
		"the name given to New":                   {"vcap.stager.server", nil, "] vcap.stager.server - "},
		"the attribute logger wins":               {"dea", []any{"logger", "vcap.stager.task"}, "] vcap.stager.task - "},
		"the component where there is no name":    {"", []any{"component", "router"}, "] router - "},
		"the component does not hide a name":      {"vcap.stager.server", []any{"component", "stager"}, "] vcap.stager.server - "},
		"nothing known":                           {"", nil, "] minicf - "},
		"a name that would break the line's look": {"a\nb", nil, `] a\nb - `},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			line := write(t, VCAP, tt.name, LevelInfo, "m", tt.args...)
			if !strings.Contains(line, tt.want) {
				t.Errorf("line = %q, want it to hold %q", line, tt.want)
			}
			if got := tail(t, line); got != "m" {
				t.Errorf("text = %q, want the name only in its column", got)
			}
		})
	}
}

func TestLinesOfManyGoroutinesDoNotMix(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	log := slog.New(NewHandler(&out, LevelInfo, "dea"))
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			with := log.With("x", strings.Repeat("y", 100))
			for range 50 {
				with.Info("m")
			}
		})
	}
	wg.Wait()
	for line := range strings.Lines(out.String()) {
		if got := tail(t, line); got != "m x="+strings.Repeat("y", 100) {
			t.Fatalf("mixed line: %q", line)
		}
	}
}

func TestWriteErrorIsReturned(t *testing.T) {
	t.Parallel()
	h := NewHandler(brokenPipe{}, LevelInfo, "dea")
	if err := h.Handle(context.Background(), slog.Record{}); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("error = %v, want the writer's", err)
	}
}

type brokenPipe struct{}

func (brokenPipe) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }

// TestHandlerKeepsTheRulesOfSlog runs the standard library's conformance suite.
func TestHandlerKeepsTheRulesOfSlog(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	slogtest.Run(t, func(*testing.T) slog.Handler {
		out.Reset()
		return NewHandler(&out, LevelDebug2, "dea")
	}, func(t *testing.T) map[string]any { return parse(t, out.String()) })
}

// parse turns a line back into what it was made of, groups as nested maps.
func parse(t *testing.T, line string) map[string]any {
	t.Helper()
	result := map[string]any{slog.LevelKey: strings.Fields(strings.SplitN(line, " -- ", 2)[0])[5]}
	if at := line[1:strings.Index(line, "]")]; at != "-" {
		result[slog.TimeKey] = at
	}
	msg, attrs, _ := strings.Cut(tail(t, line), " ")
	result[slog.MessageKey] = msg
	for field := range strings.FieldsSeq(attrs) {
		key, value, _ := strings.Cut(field, "=")
		path := strings.Split(key, ".")
		into := result
		for _, group := range path[:len(path)-1] {
			next, ok := into[group].(map[string]any)
			if !ok {
				next = map[string]any{}
				into[group] = next
			}
			into = next
		}
		into[path[len(path)-1]] = value
	}
	return result
}

func BenchmarkHandler(b *testing.B) {
	log := slog.New(NewHandler(io.Discard, LevelInfo, "dea")).With("instance", "abc")
	b.ReportAllocs()
	for b.Loop() {
		log.Info("droplet unpacked", "bytes", 909, "duration", time.Second)
	}
}

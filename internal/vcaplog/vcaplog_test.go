package vcaplog

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"os"
	"regexp"
	"strings"
	"sync"
	"testing"
	"testing/slogtest"
	"time"
)

var tutorialTime = time.Date(2012, 11, 13, 22, 12, 33, 985133000, time.UTC)

// write logs one record of the tutorial's time and returns what came out.
func write(t *testing.T, format Format, name string, level slog.Level, msg string, args ...any) string {
	t.Helper()
	var out bytes.Buffer
	log, err := New(&out, format, LevelDebug2, name, false)
	if err != nil {
		t.Fatal(err)
	}
	r := slog.NewRecord(tutorialTime, level, msg, 0)
	r.Add(args...)
	if err := log.Handler().Handle(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestLineHasTheLookOf2012(t *testing.T) {
	t.Parallel()
	line := write(t, VCAP, "vcap.stager.server", LevelInfo, "Subscribed to staging")
	look := regexp.MustCompile(`^\[2012-11-13 22:12:33\.985133\] vcap\.stager\.server - pid=\d+ tid=[0-9a-f]{4} fid=[0-9a-f]{4}   INFO -- Subscribed to staging\n$`)
	if !look.MatchString(line) {
		t.Errorf("line = %q, want it to match %s", line, look)
	}
}

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

func TestLevelsHaveTheNamesOf2012(t *testing.T) {
	t.Parallel()
	for name, column := range map[string]string{
		"debug2": " DEBUG2 -- ", "debug1": " DEBUG1 -- ", "debug": "  DEBUG -- ", "info": "   INFO -- ",
		"warn": "   WARN -- ", "error": "  ERROR -- ", "fatal": "  FATAL -- ", "INFO": "   INFO -- ",
	} {
		level, err := ParseLevel(name)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if line := write(t, VCAP, "dea", level, "m"); !strings.Contains(line, column) {
			t.Errorf("%s: line = %q, want it to hold %q", name, line, column)
		}
	}
}

func TestUnknownLevelAndFormatSayWhatIsAllowed(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"verbose", "15", ""} {
		if _, err := ParseLevel(name); err == nil || !strings.Contains(err.Error(), "off, fatal, error, warn, info, debug, debug1 or debug2") {
			t.Errorf("level %q: error = %v, want the list of levels", name, err)
		}
	}
	if _, err := New(io.Discard, "yaml", LevelInfo, "", false); err == nil || !strings.Contains(err.Error(), "vcap, text or json") {
		t.Errorf("error = %v, want the list of formats", err)
	}
}

func TestLevelDecidesWhatIsWritten(t *testing.T) {
	t.Parallel()
	for _, format := range []Format{VCAP, Text, JSON} {
		var out bytes.Buffer
		var level slog.LevelVar
		level.Set(LevelDebug1)
		log, err := New(&out, format, &level, "dea", false)
		if err != nil {
			t.Fatal(err)
		}
		log.Log(t.Context(), LevelDebug2, "too fine")
		log.Log(t.Context(), LevelDebug1, "fine")
		level.Set(LevelOff)
		log.Log(t.Context(), LevelFatal, "silenced")
		if got := out.String(); !strings.Contains(got, "fine") || strings.Contains(got, "too fine") || strings.Contains(got, "silenced") {
			t.Errorf("%s: output = %q, want only the debug1 line", format, got)
		}
	}
}

func TestJSONNamesLevelAndLogger(t *testing.T) {
	t.Parallel()
	line := write(t, JSON, "dea", LevelDebug1, "m", "level", LevelFatal)
	want := `{"time":"2012-11-13T22:12:33.985133Z","level":"DEBUG1","msg":"m","logger":"dea","level":"FATAL"}` + "\n"
	if line != want {
		t.Errorf("line = %swant   %s", line, want)
	}
}

func TestTextIsPlainUnlessColorIsAskedFor(t *testing.T) {
	t.Parallel()
	for _, color := range []bool{false, true} {
		var out bytes.Buffer
		log, err := New(&out, Text, nil, "dea", color)
		if err != nil {
			t.Fatal(err)
		}
		log.Info("droplet unpacked", "bytes", 909)
		if got := strings.Contains(out.String(), "\x1b["); got != color {
			t.Errorf("color %t: line = %q", color, out.String())
		}
	}
}

func TestOnlyATerminalGetsColor(t *testing.T) {
	t.Parallel()
	file, err := os.Create(t.TempDir() + "/log")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	none := func(string) string { return "" }
	if ColorWanted(file, none) || ColorWanted(&bytes.Buffer{}, none) {
		t.Error("a file and a buffer want color, want none")
	}
	terminal, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Skip("no terminal to be had here: ", err)
	}
	defer terminal.Close()
	for env, want := range map[string]bool{"": true, "NO_COLOR=1": false, "TERM=dumb": false, "TERM=xterm": true} {
		key, value, _ := strings.Cut(env, "=")
		getenv := func(k string) string {
			if k == key {
				return value
			}
			return ""
		}
		if got := ColorWanted(terminal, getenv); got != want {
			t.Errorf("terminal with %q: color = %t, want %t", env, got, want)
		}
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

package vcaplog

import (
	"bytes"
	"io"
	"log/slog"
	"os"
	"regexp"
	"strings"
	"testing"
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

package stager

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"unicode/utf8"

	"github.com/minicf/minicf/bus/bustest"
	"github.com/minicf/minicf/internal/testkit"
	"github.com/minicf/minicf/stager/plugin"
)

func TestTaskErrorPutsDetailsBelow(t *testing.T) {
	t.Parallel()
	for want, err := range map[string]*taskError{
		"Failed creating droplet":        {Description: "Failed creating droplet"},
		"Failed creating droplet:\n xxx": {Description: "Failed creating droplet", Details: "xxx"},
	} {
		if got := err.Error(); got != want {
			t.Errorf("error = %q, want %q", got, want)
		}
	}
}

func TestSuccessHasNoErrorKey(t *testing.T) {
	t.Parallel()
	got, err := json.Marshal(newReply("id", "log", nil))
	if want := `{"task_id":"id","task_log":"log"}`; err != nil || string(got) != want {
		t.Errorf("reply = %s, error = %v, want %s", got, err, want)
	}
}

func TestLongTextsKeepTheirBeginningAndTheirEnd(t *testing.T) {
	t.Parallel()
	for name, middle := range map[string]string{
		"plain":    strings.Repeat("all work and no play ", 100_000),
		"control":  strings.Repeat("\x00\x1b<&>", 300_000),
		"wide":     strings.Repeat("日本語", 200_000),
		"not utf8": strings.Repeat("\xff\xfe", 500_000),
	} {
		text := "the beginning\n" + middle + "\nthe end"
		got := shorten(text, 100_000)
		if n := jsonLen(got); n > 100_000 || n < 30_000 {
			t.Errorf("%s: %d bytes of JSON, want nearly 100000", name, n)
		}
		if !strings.HasPrefix(got, "the beginning\n") || !strings.HasSuffix(got, "\nthe end") || !strings.Contains(got, " bytes are left out here)") {
			t.Errorf("%s: got %.40q … %q", name, got, got[len(got)-20:])
		}
		if utf8.ValidString(text) && !utf8.ValidString(got) {
			t.Errorf("%s: a character was cut in two", name)
		}
	}
	for _, short := range []string{"", "x", strings.Repeat("x", 99_998)} {
		if got := shorten(short, 100_000); got != short {
			t.Errorf("a text of %d bytes became one of %d", len(short), len(got))
		}
	}
}

func TestPluginThatTalksTooMuchIsStillAnswered(t *testing.T) {
	t.Parallel()
	b := bustest.New(t)
	startStager(t, newStager(t, b, with(func(_ context.Context, w *plugin.Workspace) error {
		for range 40_000 {
			w.Log.Info("\x00\x00\x00 all work and no play makes Jack a dull boy")
		}
		return &plugin.StagingError{Message: strings.Repeat("\x01", 2<<20)}
	}), testConfig(t)))
	c := newController(t, sinatraZip(t))
	rep := ask(t, b, c.request("app", "fake"))
	if !strings.HasPrefix(rep.Error, "Staging task failed:\n Staging plugin failed: \x01") {
		t.Errorf("error = %.100q", rep.Error)
	}
	if !strings.Contains(rep.TaskLog, "Jack") {
		t.Errorf("task log = %.300q", rep.TaskLog)
	}
}

func TestStagingLogIsCopiedLineByLine(t *testing.T) {
	t.Parallel()
	logs := func(t *testing.T) (dir, path string) {
		t.Helper()
		dir = t.TempDir()
		if err := os.Mkdir(filepath.Join(dir, "logs"), 0o755); err != nil {
			t.Fatal(err)
		}
		return dir, filepath.Join(dir, "logs", "staging.log")
	}
	for name, test := range map[string]struct {
		make func(path string) error
		want []string
	}{
		"none":        {func(string) error { return nil }, nil},
		"empty":       {func(p string) error { return os.WriteFile(p, nil, 0o600) }, nil},
		"lines":       {func(p string) error { return os.WriteFile(p, []byte("a\n\nb\r\n c"), 0o600) }, []string{"a", "", "b", " c"}},
		"fifo":        {func(p string) error { return syscall.Mkfifo(p, 0o600) }, nil},
		"link to out": {func(p string) error { return os.Symlink("/etc/passwd", p) }, nil},
		"directory":   {func(p string) error { return os.Mkdir(p, 0o700) }, nil},
	} {
		dir, path := logs(t)
		if err := test.make(path); err != nil {
			t.Fatal(err)
		}
		l := &taskLog{log: testkit.Logger(t)}
		err := l.copyStagingLog(dir)
		if (err != nil) != (name == "link to out") {
			t.Errorf("%s: error = %v", name, err)
		}
		if test.want == nil && l.text.Len() > 0 {
			t.Errorf("%s: the log is %q, want nothing", name, l.text.String())
		}
		if test.want != nil {
			wantLines(t, l.text.String(), test.want...)
		}
	}
}

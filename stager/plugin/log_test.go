package plugin

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestLogLooksAsInItsEra(t *testing.T) {
	t.Parallel()
	for text, want := range map[Text]string{
		T1: "# Logfile created on 2013-02-14 11:25:29 -0800 by logger.rb/31641\none\ntwo\nlines\n",
		T2: "one\ntwo\\nlines\n",
	} {
		dir := newApp(t, map[string]string{"logs/": ""})
		root, err := os.OpenRoot(dir)
		if err != nil {
			t.Fatal(err)
		}
		defer root.Close()
		l := &Log{root: root, text: text, now: func() time.Time {
			return time.Date(2013, 2, 14, 11, 25, 29, 999, time.FixedZone("PST", -8*60*60))
		}}
		l.Info("one")
		l.Warn("two\nlines")
		got, err := os.ReadFile(filepath.Join(dir, "logs/staging.log"))
		if err != nil || l.Err() != nil || string(got) != want {
			t.Errorf("%s: the log is %q, %v, %v, want %q", text, got, err, l.Err(), want)
		}
	}
}

func TestLogIsNoFileBeforeItsFirstMessage(t *testing.T) {
	t.Parallel()
	dir := newApp(t, map[string]string{"logs/": ""})
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	l := &Log{root: root, text: T1, now: time.Now}
	if got := tree(t, dir); got != "drwxr-xr-x logs/" || l.Err() != nil {
		t.Errorf("a log without messages made %s, %v", got, l.Err())
	}
}

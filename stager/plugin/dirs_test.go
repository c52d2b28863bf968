package plugin

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestPrepareDestMakesWhatIsNotThere(t *testing.T) {
	t.Parallel()
	dest := filepath.Join(t.TempDir(), "new", "dest")
	for range 2 { // the second time it is there, and empty
		if _, err := PrepareDest(t.TempDir(), dest, false); err != nil {
			t.Fatal(err)
		}
	}
	if info, err := os.Stat(dest); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("dest_dir is %v, %v, want 0700", info.Mode(), err)
	}
}

func TestPrepareDestLosesNothing(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		files map[string]string
		force bool
		want  string // error; "" for none
		left  string
	}{
		"not empty":                     {map[string]string{"notes": ""}, false, "is not empty (it holds notes)", "notes"},
		"an earlier staging":            {map[string]string{"app/a": "", "logs/": "", "tmp/": "", "startup": ""}, false, "is not empty", "app/ app/a logs/ startup tmp/"},
		"an earlier staging, by force":  {map[string]string{"app/a": "", "logs/": "", "tmp/": "", "startup": "", "stop": "", "notes": ""}, true, "", "notes"},
		"an unfinished one, by force":   {map[string]string{"app/a": "", "logs/": "", "tmp/": ""}, true, "", ""},
		"something else, by force":      {map[string]string{"notes": ""}, true, "", "notes"},
		"somebody's project, by force":  {map[string]string{"app/a": "", "logs/": ""}, true, "does not look like", "app/ app/a logs/"},
		"files of these names by force": {map[string]string{"app": "", "logs": "", "tmp": ""}, true, "does not look like", "app logs tmp"},
	}
	for name, tt := range tests {
		dest := newApp(t, tt.files)
		_, err := PrepareDest(t.TempDir(), dest, tt.force)
		if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
			t.Errorf("%s: PrepareDest = %v, want %q", name, err, tt.want)
		}
		var left []string
		for line := range strings.Lines(tree(t, dest)) {
			left = append(left, strings.Fields(line)[1])
		}
		if got := strings.Join(left, " "); got != tt.left {
			t.Errorf("%s: left %q, want %q", name, got, tt.left)
		}
	}
}

func TestPrepareDestLeavesTheSourceAlone(t *testing.T) {
	t.Parallel()
	source := newApp(t, map[string]string{"app/a": "", "logs/": "", "tmp/": ""})
	before := tree(t, source)
	for _, dest := range []string{source, filepath.Join(source, "new"), filepath.Join(source, "app/../tmp")} {
		if _, err := PrepareDest(source, dest, true); err == nil || !strings.Contains(err.Error(), "lies in source_dir") {
			t.Errorf("PrepareDest(%s) = %v, want that it lies in the source", dest, err)
		}
	}
	if _, err := PrepareDest(filepath.Join(source, "app"), source, true); err == nil || !strings.Contains(err.Error(), "lies in dest_dir") {
		t.Errorf("PrepareDest around the source = %v, want that the source lies in it", err)
	}
	if after := tree(t, source); after != before {
		t.Errorf("the source became\n%s", after)
	}
}

func TestFailedStagingCanBeCleanedUp(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		dest string // below the directory that is there
		left string
	}{
		"in a directory that was there":  {"there", "there/"},
		"in directories that were not":   {"a/b/c", "there/"},
		"in one that somebody uses, too": {"a/used", "a/ a/used/ a/used/notes there/"},
	} {
		home := t.TempDir()
		if err := os.Mkdir(filepath.Join(home, "there"), 0o755); err != nil {
			t.Fatal(err)
		}
		dest := filepath.Join(home, tt.dest)
		d, err := PrepareDest(t.TempDir(), dest, false)
		if err != nil {
			t.Fatal(err)
		}
		for _, dir := range []string{"app/sub", "logs", "tmp"} {
			if err := os.MkdirAll(filepath.Join(dest, dir), 0o700); err != nil {
				t.Fatal(err)
			}
		}
		if strings.Contains(tt.left, "notes") {
			if err := os.WriteFile(filepath.Join(dest, "notes"), nil, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if err := d.Clean(); err != nil {
			t.Errorf("%s: Clean = %v", name, err)
		}
		var left []string
		for line := range strings.Lines(tree(t, home)) {
			left = append(left, strings.Fields(line)[1])
		}
		if got := strings.Join(left, " "); got != tt.left {
			t.Errorf("%s: left %q, want %q", name, got, tt.left)
		}
	}
}

func TestPrepareDestMakesNothingForASourceThatIsNotThere(t *testing.T) {
	t.Parallel()
	dest := filepath.Join(t.TempDir(), "dest")
	_, err := PrepareDest(filepath.Join(t.TempDir(), "none"), dest, false)
	if !errors.Is(err, fs.ErrNotExist) || !strings.HasPrefix(err.Error(), "source_dir: ") {
		t.Errorf("PrepareDest = %v, want that source_dir does not exist", err)
	}
	file := filepath.Join(newApp(t, map[string]string{"app.rb": ""}), "app.rb")
	if _, err := PrepareDest(file, dest, false); err == nil || !strings.Contains(err.Error(), "is not a directory") {
		t.Errorf("PrepareDest of a file = %v", err)
	}
	if _, err := os.Stat(dest); err == nil {
		t.Error("dest_dir was made all the same")
	}
}

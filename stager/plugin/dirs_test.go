package plugin

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestPrepareDestMakesWhatIsNotThere(t *testing.T) {
	t.Parallel()
	dest := filepath.Join(t.TempDir(), "new", "dest")
	for range 2 { // the second time it is there, and empty
		if err := PrepareDest(t.TempDir(), dest, false); err != nil {
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
		err := PrepareDest(t.TempDir(), dest, tt.force)
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
		if err := PrepareDest(source, dest, true); err == nil || !strings.Contains(err.Error(), "lies in source_dir") {
			t.Errorf("PrepareDest(%s) = %v, want that it lies in the source", dest, err)
		}
	}
	if err := PrepareDest(filepath.Join(source, "app"), source, true); err == nil || !strings.Contains(err.Error(), "lies in dest_dir") {
		t.Errorf("PrepareDest around the source = %v, want that the source lies in it", err)
	}
	if after := tree(t, source); after != before {
		t.Errorf("the source became\n%s", after)
	}
}

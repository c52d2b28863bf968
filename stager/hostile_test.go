package stager

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/minicf/minicf/bus/bustest"
	"github.com/minicf/minicf/stager/plugin/builtin"
)

func TestHostileZipFailsItsTaskAlone(t *testing.T) {
	t.Parallel()
	good := sinatraZip(t)
	app := file{"app.rb", sinatraApp, 0o644}
	for name, test := range map[string]struct {
		zip  []byte
		want string // in the error, behind the text of 2012
	}{
		"leads up":           {newZip(t, app, file{"../evil.rb", "x", 0o644}), `"../evil.rb"`},
		"leads up in steps":  {newZip(t, app, file{"a/../../evil.rb", "x", 0o644}), `"a/../../evil.rb"`},
		"absolute":           {newZip(t, app, file{"/tmp/evil.rb", "x", 0o644}), `"/tmp/evil.rb"`},
		"link to outside":    {newZip(t, app, file{"link", "../../..", fs.ModeSymlink | 0o777}), `"link"`},
		"link to a file":     {newZip(t, app, file{"passwd", "/etc/passwd", fs.ModeSymlink | 0o777}), `"passwd"`},
		"through a link":     {newZip(t, file{"dir", ".", fs.ModeSymlink | 0o777}, file{"dir/evil.rb", "x", 0o644}), `"dir/evil.rb"`},
		"device":             {newZip(t, app, file{"null", "", fs.ModeDevice | fs.ModeCharDevice | 0o666}), `"null"`},
		"twice":              {newZip(t, app, file{"app.rb", "x", 0o644}), `"app.rb"`},
		"bomb":               {newZip(t, app, file{"zeros", strings.Repeat("\x00", 4<<20), 0o644}), `"zeros"`},
		"too many":           {newZip(t, many(101)...), `"f100"`},
		"truncated":          {good[:len(good)-30], "zip archive is truncated or damaged"},
		"damaged":            {damage(good), `"app.rb"`},
		"not a zip":          {[]byte("<html>Moved</html>"), "not a zip archive"},
		"no bytes":           {[]byte{}, "not a zip archive"},
		"nothing in the zip": {newZip(t), "archive is empty"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b, cfg := bustest.New(t), testConfig(t)
			cfg.Unpack = Unpack{MaxEntries: 100, MaxSize: 1 << 20}
			startStager(t, newStager(t, b, builtin.Set(), cfg))
			c := newController(t, good)
			c.apps["hostile"] = test.zip
			before := listing(t, filepath.Dir(filepath.Dir(cfg.Dirs.Tmp)))

			neighbour := make(chan string)
			go func() { neighbour <- ask(t, b, c.request("good", "sinatra")).Error }()
			rep := ask(t, b, c.request("hostile", "sinatra"))
			if !strings.HasPrefix(rep.Error, "Staging task failed:\n Failed unpacking app: ") || !strings.Contains(rep.Error, test.want) {
				t.Errorf("error = %q, want it to say %s", rep.Error, test.want)
			}
			if err := <-neighbour; err != "" {
				t.Errorf("the task beside it failed: %s", err)
			}
			if again := ask(t, b, c.request("again", "sinatra")); again.Error != "" {
				t.Errorf("the task after it failed: %s", again.Error)
			}
			if after := listing(t, filepath.Dir(filepath.Dir(cfg.Dirs.Tmp))); after != before {
				t.Errorf("files before:\n%s\nand after:\n%s", before, after)
			}
		})
	}
}

func many(n int) []file {
	files := make([]file, n)
	for i := range files {
		files[i] = file{fmt.Sprintf("f%d", i), "", 0o644}
	}
	return files
}

// damage changes a byte of the first file's content.
func damage(zip []byte) []byte {
	bad := bytes.Clone(zip)
	bad[30+len("app.rb")+5] ^= 0xff
	return bad
}

// listing is everything below dir.
func listing(t *testing.T, dir string) string {
	t.Helper()
	var all []string
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if os.IsNotExist(err) {
			return nil
		}
		all = append(all, path)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(all, "\n")
}

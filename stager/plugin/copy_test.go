package plugin

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// newApp makes the files in a new directory; a name that ends in "/" is a directory.
func newApp(t testing.TB, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		var err error
		if strings.HasSuffix(name, "/") {
			err = os.MkdirAll(path, 0o755)
		} else {
			err = os.WriteFile(path, []byte(content), 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func copyDir(ctx context.Context, t testing.TB, source string) (dest string, err error) {
	t.Helper()
	dest = t.TempDir()
	src, err := os.OpenRoot(source)
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	dst, err := os.OpenRoot(dest)
	if err != nil {
		t.Fatal(err)
	}
	defer dst.Close()
	return dest, copyTree(ctx, src, dst)
}

func TestCopyKeepsModesTimesLinksAndHiddenFiles(t *testing.T) {
	t.Parallel()
	source := newApp(t, map[string]string{
		".hidden": "h", ".git/config": "g", "run.sh": "x", "secret": "s", "deep/er/file": "d", "ro/f": "r", "empty/": "", "bad\xff name\n": "n",
	})
	for name, target := range map[string]string{"link": "run.sh", "deep/up": "../run.sh", "dangling": "none", "self": "."} {
		if err := os.Symlink(target, filepath.Join(source, name)); err != nil {
			t.Fatal(err)
		}
	}
	for name, mode := range map[string]os.FileMode{"run.sh": 0o755 | os.ModeSetuid, "secret": 0o400, "ro": 0o555, "empty": 0o700 | os.ModeSticky} {
		if err := os.Chmod(filepath.Join(source, name), mode); err != nil {
			t.Fatal(err)
		}
	}
	then := time.Date(2012, 11, 13, 22, 13, 8, 123456789, time.UTC)
	for _, name := range []string{"secret", "ro/f", "ro", "deep"} {
		if err := os.Chtimes(filepath.Join(source, name), then, then); err != nil {
			t.Fatal(err)
		}
	}
	dest, err := copyDir(t.Context(), t, source)
	if err != nil {
		t.Fatal(err)
	}
	want := "drwxr-xr-x .git/\n-rw-r--r-- .git/config\n-rw-r--r-- .hidden\n-rw-r--r-- bad\xff name\n\nLrwxrwxrwx dangling -> none\ndrwxr-xr-x deep/\n" +
		"drwxr-xr-x deep/er/\n-rw-r--r-- deep/er/file\nLrwxrwxrwx deep/up -> ../run.sh\ndrwx------ empty/\nLrwxrwxrwx link -> run.sh\n" +
		"dr-xr-xr-x ro/\n-rw-r--r-- ro/f\n-rwxr-xr-x run.sh\n-r-------- secret\nLrwxrwxrwx self -> ."
	if got := tree(t, dest); got != want {
		t.Errorf("copied\n%s, want\n%s", got, want)
	}
	for _, name := range []string{"secret", "ro/f", "ro", "deep"} {
		info, err := os.Stat(filepath.Join(dest, name))
		if err != nil || !info.ModTime().Equal(then) {
			t.Errorf("%s is of %v, %v, want %v", name, info.ModTime(), err, then)
		}
	}
	if got, _ := os.ReadFile(filepath.Join(dest, "deep/er/file")); string(got) != "d" {
		t.Errorf("deep/er/file contains %q", got)
	}
}

func TestCopyRefusesWhatCannotBeInADroplet(t *testing.T) {
	t.Parallel()
	pipe := newApp(t, map[string]string{"a/": ""})
	if err := syscall.Mkfifo(filepath.Join(pipe, "a/pipe"), 0o644); err != nil {
		t.Fatal(err)
	}
	link := func(name, target string) string {
		dir := newApp(t, map[string]string{"a/": ""})
		if err := os.Symlink(target, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
		return dir
	}
	for want, source := range map[string]string{
		"copy a/pipe: it is a named pipe":                            pipe,
		"copy a/x: it is a link to /etc/passwd, outside of the app":  link("a/x", "/etc/passwd"),
		"copy a/y: it is a link to ../../b, outside of the app":      link("a/y", "../../b"),
		`copy "odd name": it is a link to .., outside of the app`:    link("odd name", ".."),
		"copy a/z: it is a link to b/../../../c, outside of the app": link("a/z", "b/../../../c"),
	} {
		_, err := copyDir(t.Context(), t, source)
		if err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("copy = %v, want %q", err, want)
		}
	}
}

func TestCopySaysWhatItMayNotRead(t *testing.T) {
	t.Parallel()
	if os.Geteuid() == 0 {
		t.Skip("root may read everything")
	}
	source := newApp(t, map[string]string{"d/secret": "x"})
	if err := os.Chmod(filepath.Join(source, "d/secret"), 0); err != nil {
		t.Fatal(err)
	}
	if _, err := copyDir(t.Context(), t, source); err == nil || err.Error() != "copy d/secret: permission denied" {
		t.Errorf("copy = %v, want permission denied", err)
	}
}

// stopAfter is a context that ends when it has been asked n times.
type stopAfter struct {
	context.Context
	n int
}

func (s *stopAfter) Err() error {
	s.n--
	if s.n < 0 {
		return context.Canceled
	}
	return nil
}

func TestCopyStopsInTheMiddle(t *testing.T) {
	t.Parallel()
	source := newApp(t, map[string]string{"a": "", "b": "", "c": ""})
	dest, err := copyDir(&stopAfter{t.Context(), 2}, t, source)
	if err == nil || !strings.HasPrefix(err.Error(), "copy c: ") {
		t.Errorf("copy = %v, want an end at c", err)
	}
	if got := tree(t, dest); got != "-rw-r--r-- a\n-rw-r--r-- b" {
		t.Errorf("copied\n%s", got)
	}
}

func TestCopyStopsInTheMiddleOfALargeFile(t *testing.T) {
	t.Parallel()
	source := newApp(t, map[string]string{"large": ""})
	if err := os.Truncate(filepath.Join(source, "large"), 5*chunk); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	reason := errors.New("enough")
	cancel(reason)
	in, err := os.Open(filepath.Join(source, "large"))
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	out, err := os.Create(filepath.Join(t.TempDir(), "copy"))
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	if err := copyContent(ctx, out, in); !errors.Is(err, reason) {
		t.Errorf("copyContent = %v, want the cause", err)
	}
	if info, err := out.Stat(); err != nil || info.Size() != chunk {
		t.Errorf("copied %v, %v, want one chunk", info.Size(), err)
	}
}

func TestCopyContentOfEverySizeAroundAChunk(t *testing.T) {
	t.Parallel()
	for _, size := range []int64{0, 1, chunk - 1, chunk, chunk + 1} {
		source := newApp(t, map[string]string{"f": ""})
		if err := os.Truncate(filepath.Join(source, "f"), size); err != nil {
			t.Fatal(err)
		}
		dest, err := copyDir(t.Context(), t, source)
		if err != nil {
			t.Fatal(err)
		}
		if info, err := os.Stat(filepath.Join(dest, "f")); err != nil || info.Size() != size {
			t.Errorf("a file of %d bytes became one of %d, %v", size, info.Size(), err)
		}
	}
}

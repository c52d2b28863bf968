package plugin

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/minicf/minicf/droplet"
	"github.com/minicf/minicf/protocol"
)

// Workspace is one app on its way to become a droplet.
type Workspace struct {
	Source string // directory with the app as it was pushed; not to be changed
	Dest   string // directory that becomes the droplet
	App    protocol.StagingProperties
	Tools
	Log *Log // what the app's owner reads: logs/staging.log

	source, dest *os.Root
	place        string   // of the app in the droplet, slash-separated
	links        []string // directories of this machine into which the droplet links
	scratch      string   // made by newWorkspace, to be removed; "" when it is the caller's
}

const (
	layoutMode    = 0o755   // of app/, logs/ and tmp/
	scriptMode    = 0o500   // of startup and stop
	defaultMemory = 512     // MB, of an app without a limit
	maxRead       = 1 << 20 // bytes, the largest file that ReadApp takes
)

func newWorkspace(source, dest string, props protocol.StagingProperties, tools Tools) (*Workspace, error) {
	text, err := ParseText(string(tools.Text))
	if err != nil {
		return nil, err
	}
	tools.Text = text
	if tools.Now == nil {
		tools.Now = time.Now
	}
	if tools.Random == nil {
		tools.Random = rand.Reader
	}
	if err := checkApart(source, dest); err != nil {
		return nil, err
	}
	from, err := os.OpenRoot(source)
	if err != nil {
		return nil, fmt.Errorf("source_dir: %w", err)
	}
	to, err := os.OpenRoot(dest)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("dest_dir: %w", err), from.Close())
	}
	w := &Workspace{Source: source, Dest: dest, App: props, Tools: tools, source: from, dest: to, place: droplet.AppDir}
	w.Log = &Log{root: to, text: tools.Text, now: tools.Now}
	return w, nil
}

func (w *Workspace) close() {
	_ = w.source.Close()
	_ = w.dest.Close()
	if w.scratch != "" {
		_ = os.RemoveAll(w.scratch)
	}
}

// Placer is a plugin that wants the app elsewhere than in app/, or not all of it: a war goes into Tomcat's directory, and
// the zip of a Play app has everything below one directory that counts.
type Placer interface {
	// Place tells which directory of the source is the app ("." is all of it) and where in the droplet it goes.
	Place(w *Workspace) (from, to string, err error)
}

// fill makes the droplet's directories and copies the app to where the plugin wants it.
func (w *Workspace) fill(ctx context.Context, p Plugin) error {
	from := "."
	if placer, ok := p.(Placer); ok {
		var err error
		if from, w.place, err = placer.Place(w); err != nil {
			return err
		}
	}
	for _, name := range []string{w.place, droplet.LogsDir, droplet.TmpDir} {
		if err := w.Mkdir(name); err != nil {
			return fmt.Errorf("dest_dir: %w", err)
		}
	}
	source, err := w.source.OpenRoot(filepath.FromSlash(from))
	if err != nil {
		return fmt.Errorf("source_dir: %w", err)
	}
	defer source.Close()
	app, err := w.dest.OpenRoot(filepath.FromSlash(w.place))
	if err != nil {
		return err
	}
	defer app.Close()
	if err := copyTree(ctx, source, app); err != nil {
		return err
	}
	return context.Cause(ctx)
}

// AppDir is the copy of the app, which the plugin may change.
func (w *Workspace) AppDir() string { return filepath.Join(w.Dest, filepath.FromSlash(w.place)) }

// Memory is the memory limit in MB, or 512 when the request has none.
func (w *Workspace) Memory() int {
	if w.App.Resources.Memory == 0 {
		return defaultMemory
	}
	return int(w.App.Resources.Memory)
}

// Setting is what the app's environment says of a variable, the first time, as in 2012; "" when it does not.
func (w *Workspace) Setting(name string) string {
	for _, setting := range w.App.Environment {
		if value, ok := strings.CutPrefix(setting, name+"="); ok {
			return value
		}
	}
	return ""
}

// HasSource reports whether the pushed app has something of that name, given relative to its top.
func (w *Workspace) HasSource(name string) bool {
	_, err := w.source.Lstat(filepath.FromSlash(name))
	return err == nil
}

// ReadApp returns the content of a file of the copy, or nil if there is none of that name. More than 1 MiB, and
// anything that is no file, is an error, as is a name that leaves the app.
func (w *Workspace) ReadApp(name string) ([]byte, error) { return w.ReadAppMax(name, maxRead) }

// ReadAppMax is ReadApp for files that may be larger, up to limit bytes.
func (w *Workspace) ReadAppMax(name string, limit int64) ([]byte, error) {
	app, err := w.dest.OpenRoot(filepath.FromSlash(w.place))
	if err != nil {
		return nil, err
	}
	defer app.Close()
	content, err := readSmall(app, filepath.FromSlash(name), limit)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, withoutPath(err))
	}
	return content, nil
}

func readSmall(dir *os.Root, path string, limit int64) ([]byte, error) {
	info, err := dir.Stat(path) // before opening: to open a named pipe would wait for somebody to write into it
	switch {
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, errors.New("it is no file")
	case info.Size() > limit:
		return nil, fmt.Errorf("it is larger than %d bytes", limit)
	}
	f, err := dir.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, limit))
}

// ChmodApp gives all files of the app one mode and all its directories another. Links keep theirs.
func (w *Workspace) ChmodApp(ctx context.Context, files, dirs fs.FileMode) error {
	app, err := w.dest.OpenRoot(filepath.FromSlash(w.place))
	if err != nil {
		return err
	}
	defer app.Close()
	return chmodTree(ctx, app, files, dirs)
}

// chmodTree opens each directory relative to its parent, as copyTree does.
func chmodTree(ctx context.Context, dir *os.Root, files, dirs fs.FileMode) error {
	names, err := namesIn(dir)
	if err != nil {
		return err
	}
	for _, name := range names {
		info, err := dir.Lstat(name)
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case err != nil:
			return err
		case info.IsDir():
			err = chmodBelow(ctx, dir, name, files, dirs)
		case info.Mode().IsRegular():
			err = dir.Chmod(name, files)
		}
		if err != nil {
			return err
		}
	}
	return dir.Chmod(".", dirs)
}

func chmodBelow(ctx context.Context, dir *os.Root, name string, files, dirs fs.FileMode) error {
	sub, err := dir.OpenRoot(name)
	if err != nil {
		return err
	}
	defer sub.Close()
	return chmodTree(ctx, sub, files, dirs)
}

package filer

import (
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
)

// target is what a path leads to: something in the directory of an instance, open.
type target struct {
	staged string   // name of the instance's directory; empty above all of them
	path   string   // below it, all links followed; "." is the directory itself
	root   *os.Root // of the instance
	file   *os.File
	info   os.FileInfo
}

func (t *target) close() {
	if t.file == nil {
		return
	}
	t.file.Close()
	t.root.Close()
}

// find opens what a path (below the mount, unescaped) leads to. The status is OK, Forbidden or NotFound.
//
// Links are followed inside of the instance's directory, absolute ones too, so they are resolved by name first; what is opened then is
// opened through os.Root, which does not leave the directory even if an app replaces a directory by a link in between.
func (f *Filer) find(path string) (*target, int) {
	if strings.Contains(path, "..") {
		return nil, http.StatusForbidden // whether anything is there is nobody's business
	}
	names := strings.FieldsFunc(path, func(r rune) bool { return r == '/' })
	if len(names) == 0 {
		info, err := os.Stat(f.cfg.Apps)
		return &target{info: info}, found(err)
	}
	dir := filepath.Join(f.cfg.Apps, names[0])
	if info, err := os.Lstat(dir); err != nil || !info.IsDir() {
		return nil, http.StatusNotFound
	}
	inside, status := resolve(dir, filepath.Join(names[1:]...))
	if status != http.StatusOK {
		return nil, status
	}
	if script(names[1:]) || script(strings.Split(inside, "/")) {
		return nil, http.StatusForbidden
	}
	t := &target{staged: names[0], path: inside}
	return t, found(t.open(dir))
}

// resolve follows all links in a path below dir. One that ends elsewhere is Forbidden.
func resolve(dir, path string) (inside string, status int) {
	base, err := filepath.EvalSymlinks(dir)
	if err != nil {
		return "", http.StatusNotFound
	}
	real, err := filepath.EvalSymlinks(filepath.Join(base, path))
	if err != nil {
		return "", http.StatusNotFound
	}
	if inside, err = filepath.Rel(base, real); err != nil || !filepath.IsLocal(inside) {
		return "", http.StatusForbidden
	}
	return inside, http.StatusOK
}

// script reports whether a path leads to one of the instance's scripts, or to anything of their names: in 2012 any depth would do.
func script(names []string) bool {
	return len(names) > 0 && slices.Contains([]string{"startup", "stop"}, names[len(names)-1])
}

// open fails for everything but files and directories, and never waits as for a pipe's other end.
func (t *target) open(dir string) (err error) {
	if t.root, err = os.OpenRoot(dir); err != nil {
		return err
	}
	if t.file, err = t.root.OpenFile(t.path, os.O_RDONLY|syscall.O_NONBLOCK, 0); err != nil {
		t.root.Close()
		return err
	}
	if t.info, err = t.file.Stat(); err == nil && !t.info.IsDir() && !t.info.Mode().IsRegular() {
		err = os.ErrNotExist
	}
	if err != nil {
		t.close()
	}
	return err
}

func found(err error) int {
	if err != nil {
		return http.StatusNotFound
	}
	return http.StatusOK
}

package runtimes

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

// Find returns the absolute path of the first of the names for which this machine has an executable file. A name with a
// slash is a path and looked at as it is.
//
// The directories of the system's own packages come before the PATH, since those are what `minicf doctor` installs
// libraries for; pyenv's, rbenv's and asdf's shims come last, for all names, because a shim may exist for a program that
// is not installed, and works only in its user's environment, which an app does not have. Links are not resolved: some
// programs go by the name that they are called.
func Find(names ...string) (path string, ok bool) {
	return finder{first: packageDirs(), path: filepath.SplitList(os.Getenv("PATH"))}.find(names...)
}

// finder is where to look.
type finder struct {
	first []string
	path  []string
}

// packageDirs are where package managers put programs. On a Mac, Homebrew stands before the system: Apple's ruby has no
// Sinatra, and its java and python3 are placeholders.
func packageDirs() []string {
	if runtime.GOOS != "darwin" {
		return []string{"/usr/bin", "/usr/local/bin"}
	}
	var dirs []string
	for _, brew := range []string{"/opt/homebrew", "/usr/local"} {
		dirs = append(dirs, brew+"/opt/ruby/bin", brew+"/opt/openjdk/bin", brew+"/bin")
	}
	return dirs
}

// find goes through all names twice: without shims, then with nothing else.
func (f finder) find(names ...string) (string, bool) {
	for _, shims := range []bool{false, true} {
		for _, name := range names {
			if path, ok := f.look(name, shims); ok {
				return path, true
			}
		}
	}
	return "", false
}

func (f finder) look(name string, shims bool) (string, bool) {
	if strings.ContainsRune(name, filepath.Separator) {
		abs, err := filepath.Abs(name)
		return abs, err == nil && executable(abs)
	}
	if name == "" {
		return "", false
	}
	for _, dirs := range [][]string{f.first, f.path} {
		for _, dir := range dirs {
			path := filepath.Join(dir, name)
			if filepath.IsAbs(dir) && (filepath.Base(dir) == "shims") == shims && executable(path) {
				return path, true
			}
		}
	}
	return "", false
}

func executable(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0
}

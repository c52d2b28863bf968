package droplet

import (
	"fmt"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

const (
	// maxName is PATH_MAX of Linux: nothing longer can be opened by an application.
	maxName = 4096
	// maxDepth bounds the directories that are open at a time while unpacking.
	maxDepth = 128
	// shownName is how much of an entry's name an error message repeats.
	shownName = 200
)

// An EntryError says which entry of an archive was refused, and why. The rest
// of the archive was fine up to there.
type EntryError struct {
	Entry  string // the name as it stands in the archive, or relative to the packed directory
	Reason string // reads on after the name: "leads outside the target directory"
}

// Error returns the reason with the entry's name before it; very long names,
// which come from hostile archives only, are cut.
func (e *EntryError) Error() string {
	if len(e.Entry) > shownName {
		return fmt.Sprintf("entry %q...: %s", e.Entry[:shownName], e.Reason)
	}
	return fmt.Sprintf("entry %q: %s", e.Entry, e.Reason)
}

// entry is what tar and zip headers have in common.
type entry struct {
	name     string // as in the archive, for errors
	path     string // the same, slash-separated, clean and local; "." is the target directory
	mode     fs.FileMode
	mtime    time.Time
	size     int64  // of a file, as claimed
	link     string // target of a symbolic or hard link
	hardLink bool
}

// perm drops setuid, setgid and sticky: a droplet must not bring privileges.
func (e entry) perm() fs.FileMode { return e.mode.Perm() }

// localName cleans the name of an entry. It refuses every name that does not
// stay below the target directory, and any ".." at all, as GNU tar does.
func localName(name string) (string, error) {
	refuse := func(reason string) (string, error) { return "", &EntryError{name, reason} }
	switch {
	case name == "":
		return refuse("has no name")
	case strings.ContainsRune(name, 0):
		return refuse("has a NUL byte in its name")
	case len(name) > maxName:
		return refuse(fmt.Sprintf("has a name longer than %d bytes", maxName))
	case path.IsAbs(name):
		return refuse("is an absolute path")
	}
	clean := path.Clean(name)
	switch {
	case clean == ".." || strings.HasPrefix(clean, "../"):
		return refuse("leads outside the target directory")
	case hasDotDot(name):
		return refuse(`has ".." in its path`)
	case strings.Count(clean, "/") >= maxDepth:
		return refuse(fmt.Sprintf("lies more than %d directories deep", maxDepth))
	case !filepath.IsLocal(filepath.FromSlash(clean)): // drive letters, NUL, COM1 …
		return refuse("has a name that is not valid on this system")
	}
	return clean, nil
}

func hasDotDot(name string) bool {
	for part := range strings.SplitSeq(name, "/") {
		if part == ".." {
			return true
		}
	}
	return false
}

// leadsInto reports whether a link's target lies in one of these directories of
// the machine, by its text alone.
func leadsInto(target string, dirs []string) bool {
	return path.IsAbs(target) && path.Clean(target) == target && slices.ContainsFunc(dirs, func(dir string) bool {
		return path.IsAbs(dir) && path.Clean(dir) != "/" && strings.HasPrefix(target, path.Clean(dir)+"/")
	})
}

// checkTarget says why a symbolic link with this target, in the directory dir
// of the archive, is refused; "" when it is fine. The links inside the target
// are not looked at: see climbsLate.
func checkTarget(dir, target string) string {
	switch {
	case target == "" || strings.ContainsRune(target, 0):
		return "is a symbolic link without a valid target"
	case len(target) > maxName:
		return fmt.Sprintf("is a symbolic link to a name longer than %d bytes", maxName)
	case path.IsAbs(target), filepath.IsAbs(target):
		return fmt.Sprintf("is a symbolic link to the absolute path %.200q", target)
	case !filepath.IsLocal(filepath.FromSlash(path.Join(dir, target))):
		return fmt.Sprintf("is a symbolic link to %.200q, outside the target directory", target)
	}
	return ""
}

// climbsLate reports whether a target has ".." behind a name, as in "a/../b".
// If a is itself a link, the ".." counts from wherever that one leads, so the
// text alone does not tell whether such a target stays inside. Targets whose
// ".." all come first cannot escape: they start from a real directory, and
// what follows only descends, by names or by links that were checked as well.
func climbsLate(target string) bool {
	named := false
	for part := range strings.SplitSeq(target, "/") {
		switch part {
		case "", ".":
		case "..":
			if named {
				return true
			}
		default:
			named = true
		}
	}
	return false
}

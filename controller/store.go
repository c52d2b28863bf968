package controller

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
)

// store keeps bits under what they are and, for each id, which bits it has:
//
//	bits/8f14e45fceea167a5a36dedd4bea2543a1b2c3d4   content, named by its SHA1, which is what the wire calls it
//	ids/my-sinatra-app → ../bits/8f14…              a link for each id
//	ids/my-sinatra-app.8f14… → ../bits/8f14…        and one for what it has to keep beside (hold)
//
// Bits are on the disk before they get their name, and names change by rename: at every moment an id has its old bits or
// its new ones, whole. A kill loses nothing that was answered; after a power cut an id may have what it had seconds before.
type store struct {
	dir string
	log *slog.Logger

	mu    sync.Mutex        // held while names change
	links map[string]string // link name → SHA1, as on the disk
	refs  map[string]int    // SHA1 → how many links lead there; bits that nobody refers to are removed
}

// errNotStored is returned for an id that has nothing.
var errNotStored = errors.New("nothing is stored for this id")

// stored says what an id has.
type stored struct {
	ID   string `json:"id"`
	SHA1 string `json:"sha1"`
	Size int64  `json:"size"` // bytes
}

// unfinished is how the names of uploads begin that are still arriving.
const unfinished = "upload-"

func newStore(dir string, log *slog.Logger) *store {
	return &store{dir: dir, log: log, links: map[string]string{}, refs: map[string]int{}}
}

func (s *store) bits(name string) string { return filepath.Join(s.dir, "bits", name) }
func (s *store) ids(name string) string  { return filepath.Join(s.dir, "ids", name) }

// open makes the directories, reads which id has what, and removes what a kill left half done.
func (s *store) open() error {
	for _, d := range []string{s.bits(""), s.ids("")} {
		if err := os.MkdirAll(d, 0o700); err != nil {
			return fmt.Errorf("open the store: %w", err)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.readLinks(); err != nil {
		return fmt.Errorf("open the store: %w", err)
	}
	if err := s.sweep(); err != nil {
		return fmt.Errorf("open the store: %w", err)
	}
	return nil
}

// readLinks fills the maps. A link to nowhere is dropped: there is nothing to serve for it.
func (s *store) readLinks() error {
	entries, err := os.ReadDir(s.ids(""))
	if err != nil {
		return err
	}
	for _, e := range entries {
		if e.Type() != fs.ModeSymlink {
			continue // nothing of ours
		}
		sha1, err := s.followed(e.Name())
		if err == nil {
			s.links[e.Name()] = sha1
			s.refs[sha1]++
			continue
		}
		s.log.Warn("an id has lost its bits", "link", s.ids(e.Name()), "error", err)
		if err := os.Remove(s.ids(e.Name())); err != nil {
			return err
		}
	}
	return nil
}

// followed returns the SHA1 of the bits that a link leads to.
func (s *store) followed(link string) (string, error) {
	target, err := os.Readlink(s.ids(link))
	if err != nil {
		return "", err
	}
	sha1 := filepath.Base(target)
	if strings.HasSuffix(link, newLink) || !isSHA1(sha1) {
		return "", fmt.Errorf("%s is not a finished link", link)
	}
	info, err := os.Lstat(s.bits(sha1))
	if err == nil && !info.Mode().IsRegular() {
		return "", fmt.Errorf("%s is no file", s.bits(sha1))
	}
	return sha1, err
}

// sweep removes uploads that never became whole, and bits that nobody has.
func (s *store) sweep() error {
	entries, err := os.ReadDir(s.bits(""))
	if err != nil {
		return err
	}
	for _, e := range entries {
		orphan := isSHA1(e.Name()) && s.refs[e.Name()] == 0
		if !orphan && !strings.HasPrefix(e.Name(), unfinished) {
			continue
		}
		if err := os.Remove(s.bits(e.Name())); err != nil {
			return err
		}
	}
	return nil
}

// keep makes an upload what the id has, and removes what nobody has any longer. Of several uploads for an id the last
// one kept wins. created is false when the id had something before.
func (s *store) keep(id string, in *incoming) (what stored, created bool, err error) {
	if err := in.file.Sync(); err != nil {
		return stored{}, false, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	name := linkName(id)
	before := s.links[name]
	if err := os.Rename(in.file.Name(), s.bits(in.sha1)); err != nil {
		return stored{}, false, err
	}
	s.refs[in.sha1]++
	if err := s.link(name, in.sha1); err != nil {
		s.release(in.sha1)
		return stored{}, false, err
	}
	s.links[name] = in.sha1
	if before != "" {
		s.release(before)
	}
	return stored{ID: id, SHA1: in.sha1, Size: in.size}, before == "", nil
}

// newLink ends the name of a link that is about to be renamed. No other link's name ends so.
const newLink = ".new"

func (s *store) link(name, sha1 string) error {
	fresh := s.ids(name + newLink)
	if err := os.Remove(fresh); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := os.Symlink(filepath.Join("..", "bits", sha1), fresh); err != nil {
		return err
	}
	return os.Rename(fresh, s.ids(name))
}

// release takes back one reference to bits. Whoever is reading them meanwhile has them open.
func (s *store) release(sha1 string) {
	if s.refs[sha1]--; s.refs[sha1] > 0 {
		return
	}
	delete(s.refs, sha1)
	if err := os.Remove(s.bits(sha1)); err != nil {
		s.log.Warn("bits that nobody has were not removed", "error", err)
	}
}

// get opens what an id has; the error is errNotStored when it has nothing. The caller closes the file.
func (s *store) get(id string) (*os.File, stored, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.openLink(linkName(id), id)
}

// openLink opens what a link leads to. The caller holds the mutex.
func (s *store) openLink(name, id string) (*os.File, stored, error) {
	sha1, ok := s.links[name]
	if !ok {
		return nil, stored{}, errNotStored
	}
	f, err := os.Open(s.bits(sha1))
	if err != nil {
		return nil, stored{}, err
	}
	info, err := f.Stat()
	if err != nil {
		f.Close()
		return nil, stored{}, err
	}
	return f, stored{ID: id, SHA1: sha1, Size: info.Size()}, nil
}

// has reports whether an id has anything.
func (s *store) has(id string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.links[linkName(id)] != ""
}

// count is the number of ids.
func (s *store) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for name := range s.links {
		if _, _, held := cutHeld(name); !held {
			n++
		}
	}
	return n
}

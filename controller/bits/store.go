// Package bits keeps what is too large for a record, zipped apps and droplets, as files that are named by their content.
//
// In goes an upload, straight to the disk; out comes a file that is open. Who reads bits that are replaced meanwhile reads on to their end, and
// what nobody has any longer is removed. The cloud controller of 2012 had two such directories on NFS, /var/vcap/shared/resources and droplets.
package bits

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

// Store keeps bits under what they are and, for each id, which bits it has:
//
//	bits/8f14e45fceea167a5a36dedd4bea2543a1b2c3d4   content, named by its SHA1, which is what the wire calls it
//	ids/my-sinatra-app → ../bits/8f14…              a link for each id
//	ids/my-sinatra-app.8f14… → ../bits/8f14…        and one for what it has to keep beside (Hold)
//
// Bits are on the disk before they get their name, and names change by rename: at every moment an id has its old bits or
// its new ones, whole. A kill loses nothing that was answered; after a power cut an id may have what it had seconds before.
type Store struct {
	dir string
	log *slog.Logger

	mu    sync.Mutex        // held while names change
	links map[string]string // link name → SHA1, as on the disk
	refs  map[string]int    // SHA1 → how many links lead there; bits that nobody refers to are removed
}

// ErrNotStored is returned for an id that has nothing.
var ErrNotStored = errors.New("nothing is stored for this id")

// Stored says what an id has.
type Stored struct {
	ID   string `json:"id"`
	SHA1 string `json:"sha1"`
	Size int64  `json:"size"` // bytes
}

// unfinished is how the names of uploads begin that are still arriving.
const unfinished = "upload-"

// New returns a store that is not open yet.
func New(dir string, log *slog.Logger) *Store {
	return &Store{dir: dir, log: log, links: map[string]string{}, refs: map[string]int{}}
}

// Path is the file of bits by their SHA1.
func (s *Store) Path(name string) string { return filepath.Join(s.dir, "bits", name) }
func (s *Store) ids(name string) string  { return filepath.Join(s.dir, "ids", name) }

// Open makes the directories, reads which id has what, and removes what a kill left half done.
func (s *Store) Open() error {
	for _, d := range []string{s.Path(""), s.ids("")} {
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
func (s *Store) readLinks() error {
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
func (s *Store) followed(link string) (string, error) {
	target, err := os.Readlink(s.ids(link))
	if err != nil {
		return "", err
	}
	sha1 := filepath.Base(target)
	if strings.HasSuffix(link, newLink) || !IsSHA1(sha1) {
		return "", fmt.Errorf("%s is not a finished link", link)
	}
	info, err := os.Lstat(s.Path(sha1))
	if err == nil && !info.Mode().IsRegular() {
		return "", fmt.Errorf("%s is no file", s.Path(sha1))
	}
	return sha1, err
}

// sweep removes uploads that never became whole, and bits that nobody has.
func (s *Store) sweep() error {
	entries, err := os.ReadDir(s.Path(""))
	if err != nil {
		return err
	}
	for _, e := range entries {
		orphan := IsSHA1(e.Name()) && s.refs[e.Name()] == 0
		if !orphan && !strings.HasPrefix(e.Name(), unfinished) {
			continue
		}
		if err := os.Remove(s.Path(e.Name())); err != nil {
			return err
		}
	}
	return nil
}

// Keep makes an upload what the id has, and removes what nobody has any longer. Of several uploads for an id the last
// one kept wins. created is false when the id had something before.
func (s *Store) Keep(id string, in *Incoming) (what Stored, created bool, err error) {
	if err := in.File.Sync(); err != nil {
		return Stored{}, false, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	name := linkName(id)
	before := s.links[name]
	if err := os.Rename(in.File.Name(), s.Path(in.SHA1)); err != nil {
		return Stored{}, false, err
	}
	s.refs[in.SHA1]++
	if err := s.link(name, in.SHA1); err != nil {
		s.release(in.SHA1)
		return Stored{}, false, err
	}
	s.links[name] = in.SHA1
	if before != "" {
		s.release(before)
	}
	return Stored{ID: id, SHA1: in.SHA1, Size: in.Size}, before == "", nil
}

// newLink ends the name of a link that is about to be renamed. No other link's name ends so.
const newLink = ".new"

func (s *Store) link(name, sha1 string) error {
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
func (s *Store) release(sha1 string) {
	if s.refs[sha1]--; s.refs[sha1] > 0 {
		return
	}
	delete(s.refs, sha1)
	if err := os.Remove(s.Path(sha1)); err != nil {
		s.log.Warn("bits that nobody has were not removed", "error", err)
	}
}

// Get opens what an id has; the error is ErrNotStored when it has nothing. The caller closes the file.
func (s *Store) Get(id string) (*os.File, Stored, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.openLink(linkName(id), id)
}

// openLink opens what a link leads to. The caller holds the mutex.
func (s *Store) openLink(name, id string) (*os.File, Stored, error) {
	sha1, ok := s.links[name]
	if !ok {
		return nil, Stored{}, ErrNotStored
	}
	f, err := os.Open(s.Path(sha1))
	if err != nil {
		return nil, Stored{}, err
	}
	info, err := f.Stat()
	if err != nil {
		f.Close()
		return nil, Stored{}, err
	}
	return f, Stored{ID: id, SHA1: sha1, Size: info.Size()}, nil
}

// Has reports whether an id has anything.
func (s *Store) Has(id string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.links[linkName(id)] != ""
}

// Count is the number of ids.
func (s *Store) Count() int {
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

// Share gives one id what another one has; the error is ErrNotStored when that has nothing.
func (s *Store) Share(from, to string) (Stored, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	sha1, ok := s.links[linkName(from)]
	if !ok {
		return Stored{}, ErrNotStored
	}
	name := linkName(to)
	before := s.links[name]
	if before == sha1 {
		return Stored{ID: to, SHA1: sha1}, nil
	}
	if err := s.link(name, sha1); err != nil {
		return Stored{}, err
	}
	s.links[name] = sha1
	s.refs[sha1]++
	if before != "" {
		s.release(before)
	}
	return Stored{ID: to, SHA1: sha1}, nil
}

// Names lists the ids that begin with a prefix; it and what follows are small letters, digits, - and _.
func (s *Store) Names(prefix string) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []string
	for name := range s.links {
		if _, _, held := cutHeld(name); !held && strings.HasPrefix(name, prefix) {
			all = append(all, name)
		}
	}
	return all
}

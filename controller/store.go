package controller

import (
	"crypto/sha1"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
)

// store keeps bits under what they are and, for each id, which bits it has:
//
//	bits/8f14e45fceea167a5a36dedd4bea2543a1b2c3d4   content, named by its SHA1, which is what the wire calls it
//	ids/my-sinatra-app → ../bits/8f14…              a link for each id
//
// Both change by rename, so that at every moment, a kill or a power cut included, an id has its old bits or its new ones.
type store struct {
	dir   string
	limit int64 // bytes of one upload

	mu sync.Mutex // held while links and bits change together
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

func newStore(dir string, limit int64) *store { return &store{dir: dir, limit: limit} }

// open makes the directories and removes what a kill left half done.
func (s *store) open() error {
	for _, d := range []string{s.bits(""), s.ids("")} {
		if err := os.MkdirAll(d, 0o700); err != nil {
			return fmt.Errorf("open the store: %w", err)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.collect(func(string) bool { return true })
}

func (s *store) bits(name string) string { return filepath.Join(s.dir, "bits", name) }
func (s *store) ids(name string) string  { return filepath.Join(s.dir, "ids", name) }

// linkName is the file name for an id, whatever is in it.
func linkName(id string) string {
	name := strings.ReplaceAll(url.PathEscape(id), ".", "%2E")
	if name == "" || len(name) > 200 {
		sum := sha1.Sum([]byte(id))
		return "%" + hex.EncodeToString(sum[:]) // no escaped id looks like that
	}
	return name
}

// incoming is an upload that is complete on disk and not yet stored.
type incoming struct {
	file *os.File
	sha1 string
	size int64
}

// discard forgets the upload, unless it was kept.
func (in *incoming) discard() {
	in.file.Close()
	os.Remove(in.file.Name())
}

// receive writes an upload to disk, and sees that it is really there.
func (s *store) receive(r io.Reader) (*incoming, error) {
	f, err := os.CreateTemp(s.bits(""), unfinished)
	if err != nil {
		return nil, err
	}
	in := &incoming{file: f}
	hash := sha1.New()
	if in.size, err = io.Copy(io.MultiWriter(f, hash), r); err == nil {
		err = f.Sync()
	}
	if err != nil {
		in.discard()
		return nil, err
	}
	in.sha1 = hex.EncodeToString(hash.Sum(nil))
	return in, nil
}

// keep makes an upload what the id has, and removes what nobody has any longer.
func (s *store) keep(id string, in *incoming) (stored, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	old, _ := os.Readlink(s.ids(linkName(id)))
	if err := os.Rename(in.file.Name(), s.bits(in.sha1)); err != nil {
		return stored{}, err
	}
	if err := s.link(id, in.sha1); err != nil {
		return stored{}, err
	}
	if before := filepath.Base(old); old != "" && before != in.sha1 {
		if err := s.collect(func(name string) bool { return name == before }); err != nil {
			return stored{}, err
		}
	}
	return stored{ID: id, SHA1: in.sha1, Size: in.size}, nil
}

func (s *store) link(id, sha1 string) error {
	fresh := s.ids(linkName(id) + ".new") // no link name has a dot
	_ = os.Remove(fresh)                  // left by a kill, or not there
	if err := os.Symlink(filepath.Join("..", "bits", sha1), fresh); err != nil {
		return err
	}
	return os.Rename(fresh, s.ids(linkName(id)))
}

// collect removes the bits that may be removed and that no id has.
func (s *store) collect(may func(name string) bool) error {
	links, err := os.ReadDir(s.ids(""))
	if err != nil {
		return err
	}
	used := map[string]bool{}
	for _, l := range links {
		if target, err := os.Readlink(s.ids(l.Name())); err == nil && !strings.HasSuffix(l.Name(), ".new") {
			used[filepath.Base(target)] = true
		}
	}
	all, err := os.ReadDir(s.bits(""))
	if err != nil {
		return err
	}
	for _, b := range all {
		if !used[b.Name()] && may(b.Name()) {
			if err := os.Remove(s.bits(b.Name())); err != nil {
				return err
			}
		}
	}
	return nil
}

// get opens what an id has. The caller closes it.
func (s *store) get(id string) (*os.File, stored, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	target, err := os.Readlink(s.ids(linkName(id)))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, stored{}, errNotStored
	}
	if err != nil {
		return nil, stored{}, err
	}
	f, err := os.Open(s.bits(filepath.Base(target)))
	if err != nil {
		return nil, stored{}, err
	}
	info, err := f.Stat()
	if err != nil {
		f.Close()
		return nil, stored{}, err
	}
	return f, stored{ID: id, SHA1: filepath.Base(target), Size: info.Size()}, nil
}

// has reports whether an id has anything.
func (s *store) has(id string) bool {
	_, err := os.Lstat(s.ids(linkName(id)))
	return err == nil
}

// count is the number of ids.
func (s *store) count() int {
	links, err := os.ReadDir(s.ids(""))
	if err != nil {
		return 0
	}
	return len(links)
}

package bits

import (
	"os"
	"slices"
	"strings"
)

// An app that runs needs its droplet though a newer one may have been uploaded since: its instances may have to be started again. So
// what a record names is held.

// heldName is the link for bits that an id has to keep.
func heldName(id, sha1 string) string { return linkName(id) + "." + sha1 }

// cutHeld takes the name of such a link apart. Names of ids have no dot.
func cutHeld(name string) (id, sha1 string, ok bool) { return strings.Cut(name, ".") }

// Hold keeps what the id has now, and says what that is; the error is ErrNotStored when it has nothing.
func (s *Store) Hold(id string) (Stored, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	sha1, ok := s.links[linkName(id)]
	if !ok {
		return Stored{}, ErrNotStored
	}
	what := Stored{ID: id, SHA1: sha1}
	name := heldName(id, sha1)
	if s.links[name] != "" {
		return what, nil
	}
	if err := s.link(name, sha1); err != nil {
		return what, err
	}
	s.links[name] = sha1
	s.refs[sha1]++
	return what, nil
}

// HoldOnly lets go of all that the id was to keep, except these.
func (s *Store) HoldOnly(id string, sha1s ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for name := range s.links {
		if owner, sha1, held := cutHeld(name); held && owner == linkName(id) && !slices.Contains(sha1s, sha1) {
			s.unlink(name)
		}
	}
}

// Held opens bits that the id has to keep, or ErrNotStored. The caller closes the file.
func (s *Store) Held(id, sha1 string) (*os.File, Stored, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.openLink(heldName(id, sha1), id)
}

// Drop forgets all that an id has.
func (s *Store) Drop(id string) {
	s.HoldOnly(id)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.unlink(linkName(id))
}

// unlink removes a link, and the bits if it was the last one to them. The caller holds the mutex.
func (s *Store) unlink(name string) {
	sha1, ok := s.links[name]
	if !ok {
		return
	}
	if err := os.Remove(s.ids(name)); err != nil {
		s.log.Warn("link was not removed", "error", err)
		return
	}
	delete(s.links, name)
	s.release(sha1)
}

package controller

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

// hold keeps what the id has now, and says what that is; the error is errNotStored when it has nothing.
func (s *store) hold(id string) (stored, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	sha1, ok := s.links[linkName(id)]
	if !ok {
		return stored{}, errNotStored
	}
	what := stored{ID: id, SHA1: sha1}
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

// holdOnly lets go of all that the id was to keep, except these.
func (s *store) holdOnly(id string, sha1s ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for name := range s.links {
		if owner, sha1, held := cutHeld(name); held && owner == linkName(id) && !slices.Contains(sha1s, sha1) {
			s.unlink(name)
		}
	}
}

// held opens bits that the id has to keep, or errNotStored. The caller closes the file.
func (s *store) held(id, sha1 string) (*os.File, stored, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.openLink(heldName(id, sha1), id)
}

// drop forgets all that an id has.
func (s *store) drop(id string) {
	s.holdOnly(id)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.unlink(linkName(id))
}

// unlink removes a link, and the bits if it was the last one to them. The caller holds the mutex.
func (s *store) unlink(name string) {
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

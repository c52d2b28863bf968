package buildpack

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/minicf/minicf/stager/install/git"
	"github.com/minicf/minicf/stager/plugin"
)

// choose takes the buildpack that the request names, without asking it; or the first of the platform's whose bin/detect
// knows the app.
func (s *staging) choose(ctx context.Context) error {
	if address := s.w.App.Buildpack; address != "" {
		if err := s.take(ctx, address); err != nil {
			return err
		}
		s.pack.name = s.pack.base
		return nil
	}
	for _, address := range s.w.Buildpacks {
		if err := s.take(ctx, address); err != nil {
			return err
		}
		knows, err := s.detect(ctx)
		if err != nil || knows {
			return err
		}
	}
	return s.noneFits()
}

// take makes an address the buildpack.
func (s *staging) take(ctx context.Context, address string) error {
	dir, err := s.fetch(ctx, address)
	if err != nil {
		return err
	}
	s.pack = pack{dir: dir, base: baseName(address)}
	return s.pack.check(address)
}

// noneFits is the error that dea_ng called NoAppDetectedError.
func (s *staging) noneFits() error {
	asked := make([]string, 0, len(s.w.Buildpacks))
	for _, address := range s.w.Buildpacks {
		asked = append(asked, baseName(address))
	}
	tip := "there are none: name one in the request, or list some under buildpacks in stager.yml"
	if len(asked) > 0 {
		tip = "asked were " + strings.Join(asked, ", ") + "; the request may name another one"
	}
	return &plugin.StagingError{Message: "An application could not be detected by any available buildpack", Tip: tip}
}

// fetch is the directory of a buildpack: one of this machine as it is, or a copy of a repository.
func (s *staging) fetch(ctx context.Context, address string) (string, error) {
	if !git.IsURL(address) {
		return local(address)
	}
	r := git.Parse(address)
	dest := filepath.Join(s.scratch, "buildpack-"+baseName(address))
	if err := os.RemoveAll(dest); err != nil {
		return "", err
	}
	stale, err := git.Git{W: s.w, Cache: s.cache.repositories}.Fetch(ctx, r, dest)
	switch {
	case ctx.Err() != nil:
		return "", context.Cause(ctx)
	case err != nil:
		return "", &plugin.StagingError{
			Message: fmt.Sprintf("Failed to git clone buildpack: %s: %v", r, err),
			Tip:     "is the address right, and can the stager's machine reach it? #branch names a branch; a directory will do, too",
		}
	case stale != nil:
		s.w.Tell(fmt.Sprintf("Using the copy of buildpack %s that was fetched before: %v", r, stale))
	}
	return dest, nil
}

// local is a directory of this machine.
func local(address string) (string, error) {
	info, err := os.Stat(address)
	switch {
	case !filepath.IsAbs(address):
		err = errors.New("it is not an absolute path")
	case err == nil && !info.IsDir():
		err = errors.New("it is no directory")
	}
	if err != nil {
		return "", &plugin.StagingError{
			Message: fmt.Sprintf("the buildpack %s cannot be used: %v", address, err),
			Tip:     "name a directory of the stager's machine by its whole path, or a git URL",
		}
	}
	return filepath.Clean(address), nil
}

package tomcat

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"math"
	"os"
	"path"
	"strings"
)

// The two homes of the servlet API. The classes of an application name the one that it was written against.
const (
	jakarta = "jakarta"
	javax   = "javax"
)

// How much is looked at, in bytes: of one class, of all together, and of a jar's directory. What is beyond changes the answer only for an
// application that was made for that.
const (
	maxClass     = 1 << 20
	maxClasses   = 32 << 20
	maxDirectory = 8 << 20
)

// servletAPI tells which servlet API the web application in dir was written against. Its own classes say so, else those in its
// jars that have to do with servlets, by their names. Jakarta counts for more, since many a library knows the old one too. The
// answer is "" for an application without such a class, as one of JSPs alone.
func servletAPI(ctx context.Context, dir string) (string, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return "", err
	}
	defer root.Close()
	s := &apiSearch{app: root.FS(), left: maxClasses}
	if err := s.classes(ctx, "WEB-INF/classes"); err != nil {
		return "", err
	}
	if s.found == "" {
		s.jars(ctx, "WEB-INF/lib")
	}
	return s.found, context.Cause(ctx)
}

type apiSearch struct {
	app   fs.FS
	left  int64 // bytes to look at
	found string
}

// done reports whether nothing that follows can change the answer.
func (s *apiSearch) done(ctx context.Context) bool {
	return s.found == jakarta || s.left <= 0 || ctx.Err() != nil
}

// look reads one class, and reports whether it knows a servlet API.
func (s *apiSearch) look(r io.Reader) (knows bool, err error) {
	class, err := io.ReadAll(io.LimitReader(r, min(maxClass, s.left)))
	s.left -= int64(len(class))
	for _, api := range []string{jakarta, javax} {
		if bytes.Contains(class, []byte(api+"/servlet/")) {
			s.found = api
			return true, err
		}
	}
	return false, err
}

// classes looks at every class below a directory, which may be missing.
func (s *apiSearch) classes(ctx context.Context, dir string) error {
	return fs.WalkDir(s.app, dir, func(name string, d fs.DirEntry, err error) error {
		switch {
		case s.done(ctx) || err != nil && name == dir:
			return fs.SkipAll
		case err != nil || !d.Type().IsRegular() || path.Ext(name) != ".class":
			return err
		}
		f, err := s.app.Open(name)
		if err != nil {
			return err
		}
		defer f.Close()
		_, err = s.look(f)
		return err
	})
}

// jars looks into every jar in a directory, until one of its classes knows an API. What is no jar, or a broken one, is not this function's to complain of.
func (s *apiSearch) jars(ctx context.Context, dir string) {
	names, _ := fs.Glob(s.app, path.Join(dir, "*.jar")) // the pattern is a good one
	for _, name := range names {
		if s.done(ctx) {
			return
		}
		s.jar(ctx, name)
	}
}

func (s *apiSearch) jar(ctx context.Context, name string) {
	f, err := s.app.Open(name)
	if err != nil {
		return
	}
	defer f.Close()
	info, err := f.Stat()
	content, ok := f.(io.ReaderAt)
	if err != nil || !ok || !info.Mode().IsRegular() {
		return
	}
	limited := &limitedReaderAt{content, maxDirectory}
	z, err := zip.NewReader(limited, info.Size())
	if err != nil {
		return
	}
	limited.left = math.MaxInt64
	for _, entry := range z.File {
		if s.done(ctx) {
			return
		}
		if path.Ext(entry.Name) == ".class" && strings.Contains(strings.ToLower(entry.Name), "servlet") && s.entry(entry) {
			return
		}
	}
}

func (s *apiSearch) entry(entry *zip.File) (knows bool) {
	r, err := entry.Open()
	if err != nil {
		return false
	}
	defer r.Close()
	knows, _ = s.look(r) // what was read before an error counts
	return knows
}

// limitedReaderAt reads no more than so many bytes: the directory of a zip is kept in memory.
type limitedReaderAt struct {
	io.ReaderAt
	left int64
}

func (r *limitedReaderAt) ReadAt(p []byte, off int64) (int, error) {
	if r.left -= int64(len(p)); r.left < 0 {
		return 0, errors.New("there is too much of it")
	}
	return r.ReaderAt.ReadAt(p, off)
}

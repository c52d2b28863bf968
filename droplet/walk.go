package droplet

import (
	"errors"
	"io/fs"
	"os"
	"slices"
	"time"
)

// A Node is one line of the listing of a droplet.
type Node struct {
	Path string      // relative to the root, slash-separated; directories end in "/"
	Mode fs.FileMode // with the type bits; Mode.Perm() is what travels in archives
	Size int64       // of files, in bytes; 0 for everything else
	Link string      // target of a symbolic link
}

// Tree lists everything below dir in the order of an archive: sorted bytewise
// in each directory, a directory before its content. Links are not followed.
//
// The tree may be that of a running instance: what vanishes meanwhile, or may
// not be read, is left out.
func Tree(dir string) ([]Node, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	var nodes []Node
	err = walk(root, "", func(f found, err error) error {
		if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) {
			return nil
		}
		if err == nil {
			nodes = append(nodes, f.Node)
		}
		return err
	})
	return nodes, err
}

// found is a Node with what is needed to read it.
type found struct {
	Node
	mtime time.Time
	in    *os.Root // the directory that it lies in, open during visit only
	base  string
}

// walk visits everything below in, whose own path (with a "/" at the end) is
// prefix. An error of the file system is handed to visit together with the
// path; what visit returns ends the walk unless it is nil. Each directory is
// opened relative to its parent: faster than by its path, and a link that takes
// its place meanwhile is not followed outside.
func walk(in *os.Root, prefix string, visit func(found, error) error) error {
	names, err := list(in)
	if err != nil {
		return visit(found{Node: Node{Path: prefix}}, err)
	}
	for _, name := range names {
		f, err := look(in, prefix, name)
		if err := visit(f, err); err != nil {
			return err
		}
		if err != nil || !f.Mode.IsDir() {
			continue
		}
		if err := descend(f, visit); err != nil {
			return err
		}
	}
	return nil
}

func descend(f found, visit func(found, error) error) error {
	sub, err := f.in.OpenRoot(f.base)
	if err != nil {
		return visit(f, err)
	}
	defer sub.Close()
	return walk(sub, f.Path, visit)
}

func list(in *os.Root) ([]string, error) {
	d, err := in.Open(".")
	if err != nil {
		return nil, err
	}
	defer d.Close()
	names, err := d.Readdirnames(-1)
	slices.Sort(names)
	return names, err
}

func look(in *os.Root, prefix, name string) (found, error) {
	f := found{Node: Node{Path: prefix + name}, in: in, base: name}
	info, err := in.Lstat(name)
	if err != nil {
		return f, err
	}
	f.Mode, f.mtime = info.Mode(), info.ModTime()
	switch f.Mode.Type() {
	case 0:
		f.Size = info.Size()
	case fs.ModeDir:
		f.Path += "/"
	case fs.ModeSymlink:
		f.Link, err = in.Readlink(name)
	}
	return f, err
}

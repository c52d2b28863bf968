package cf

import (
	"context"
	"crypto/sha1"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"

	"github.com/minicf/minicf/droplet"
)

// Files are what of a directory makes an app: all but what its .cfignore leaves out.
type Files struct {
	Dir   string
	Count int   // of regular files
	Bytes int64 // of all of them

	nodes []droplet.Node
	list  []resource // of the regular files
}

// resource is a file as the API describes it.
type resource struct {
	Path     string   `json:"path"`
	Mode     string   `json:"mode"` // octal
	Checksum checksum `json:"checksum"`
	Size     int64    `json:"size_in_bytes"`
}

type checksum struct {
	Value string `json:"value"` // SHA1
}

// ReadDir finds the files of an app.
func ReadDir(ctx context.Context, dir string) (*Files, error) {
	unwanted, err := readIgnore(dir)
	if err != nil {
		return nil, err
	}
	nodes, err := droplet.Tree(dir)
	if err != nil {
		return nil, err
	}
	f := &Files{Dir: dir}
	skip := "\x00" // what is below the last directory that was left out; no path begins so
	for _, n := range nodes {
		if strings.HasPrefix(n.Path, skip) {
			continue
		}
		name, directory := strings.CutSuffix(n.Path, "/")
		if unwanted.leavesOut(name, directory) {
			if directory {
				skip = n.Path
			}
			continue
		}
		if n.Mode.Type() == fs.ModeSocket {
			continue
		}
		if err := f.add(ctx, n); err != nil {
			return nil, err
		}
	}
	if len(f.nodes) == 0 {
		return nil, fmt.Errorf("%s has no files for an app", dir)
	}
	return f, nil
}

func (f *Files) add(ctx context.Context, n droplet.Node) error {
	f.nodes = append(f.nodes, n)
	if !n.Mode.IsRegular() {
		return nil
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	sum, err := hash(filepath.Join(f.Dir, filepath.FromSlash(n.Path)))
	if err != nil {
		return err
	}
	f.list = append(f.list, resource{n.Path, fmt.Sprintf("%o", n.Mode.Perm()), checksum{sum}, n.Size})
	f.Count++
	f.Bytes += n.Size
	return nil
}

func hash(file string) (string, error) {
	r, err := os.Open(file)
	if err != nil {
		return "", err
	}
	defer r.Close()
	h := sha1.New()
	if _, err := io.Copy(h, r); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// Upload is what of an app has to be uploaded, and what need not.
type Upload struct {
	Count int   // of files that the controller does not have
	Bytes int64 // of those, before they are packed

	here []resource
	want map[string]bool // paths for the zip; none when nothing is uploaded
}

// Match asks which of the files the controller has already.
func (c *Client) Match(ctx context.Context, f *Files) (*Upload, error) {
	body := map[string][]resource{"resources": f.list}
	var answer struct {
		Resources []resource `json:"resources"`
	}
	if len(f.list) > 0 {
		if err := c.do(ctx, http.MethodPost, "/v3/resource_matches", body, &answer); err != nil {
			return nil, err
		}
	}
	u := &Upload{here: answer.Resources, want: map[string]bool{}}
	here := map[string]bool{}
	for _, r := range u.here {
		here[r.Path] = true
	}
	for _, r := range f.list {
		if !here[r.Path] {
			u.want[r.Path] = true
			u.Count++
			u.Bytes += r.Size
		}
	}
	f.addOthers(u.want)
	return u, nil
}

// addOthers adds to a zip what is no file: links, directories in which nothing is, and once there is a zip all directories, with their modes.
func (f *Files) addOthers(want map[string]bool) {
	for i, n := range f.nodes {
		empty := n.Mode.IsDir() && (i+1 == len(f.nodes) || !strings.HasPrefix(f.nodes[i+1].Path, n.Path))
		if empty || n.Mode.Type() == fs.ModeSymlink {
			want[n.Path] = true
		}
	}
	if len(want) == 0 {
		return
	}
	for _, n := range f.nodes {
		if n.Mode.IsDir() {
			want[n.Path] = true
		}
	}
}

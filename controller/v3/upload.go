package v3

import (
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"mime/multipart"
	"net/http"
	"os"
	"regexp"
	"strconv"

	"github.com/minicf/minicf/controller/bits"
	"github.com/minicf/minicf/controller/resources"
)

// Limits of a list of files.
const (
	maxFiles    = 100_000
	maxFileList = 32 << 20 // bytes of JSON
)

// resource is a file as the cf command describes it.
type resource struct {
	Path     string `json:"path"`
	Mode     string `json:"mode"` // octal
	Checksum struct {
		Value string `json:"value"` // SHA1
	} `json:"checksum"`
	Size int64 `json:"size_in_bytes"`
}

var plainSHA1 = regexp.MustCompile(`^[0-9a-f]{40}$`)

// files reads a list of files.
func files(list []resource) ([]resources.File, error) {
	if len(list) > maxFiles {
		return nil, unprocessable("Array of resources is too long (maximum is %d)", maxFiles)
	}
	all := make([]resources.File, len(list))
	for i, r := range list {
		mode := uint64(0o644)
		if r.Mode != "" {
			var err error
			if mode, err = strconv.ParseUint(r.Mode, 8, 32); err != nil {
				return nil, unprocessable("mode of %.100q must be an octal number", r.Path)
			}
		}
		if !plainSHA1.MatchString(r.Checksum.Value) || r.Size < 0 {
			return nil, unprocessable("checksum of %.100q must be a SHA1, and its size not negative", r.Path)
		}
		all[i] = resources.File{Path: r.Path, SHA1: r.Checksum.Value, Size: r.Size, Mode: fs.FileMode(mode) & fs.ModePerm}
	}
	return all, nil
}

// matchResources answers with those files that need not be uploaded.
func (a *API) matchResources(c *call) error {
	var body struct {
		Resources []resource `json:"resources"`
	}
	if err := c.readLarge(&body, maxFileList); err != nil {
		return err
	}
	wanted, err := files(body.Resources)
	if err != nil {
		return err
	}
	here := map[resources.File]bool{}
	for _, f := range a.Resources.Match(wanted) {
		here[f] = true
	}
	known := []resource{}
	for i, f := range wanted {
		if here[f] {
			known = append(known, body.Resources[i])
		}
	}
	return c.json(http.StatusCreated, object{"resources": known})
}

// uploadPackage takes the bits of a package: a form with the files that are here already, as JSON in the field resources, a zip of the others
// in the field bits, or both.
func (a *API) uploadPackage(c *call) error {
	p, err := find(c.Context(), a.packages, "Package", c.param("guid"))
	if err != nil {
		return err
	}
	if p.State != awaitingUpload {
		return failure{http.StatusBadRequest, 150004, "CF-PackageBitsAlreadyUploaded", "Bits have been uploaded. Create a new package to upload different bits."}
	}
	if err := a.Uploads.Limit(c.ResponseWriter, c.Request, maxFileList); err != nil {
		return err
	}
	in, err := a.receivePackage(c)
	if err != nil {
		return err
	}
	defer in.Discard()
	if err := bits.CheckZip(in.File, in.Size); err != nil {
		return unprocessable("The package is no zip: %v", err)
	}
	what, _, err := a.Packages.Keep(bitsID(p.GUID), in)
	if err != nil {
		return err
	}
	if err := a.Resources.Add(what.SHA1); err != nil { // then its files have to be uploaded again next time
		a.Log.Warn("files of a package are not known", "package", p.GUID, "error", err)
	}
	p, err = edit(c.Context(), a.packages, "Package", p.GUID, func(p *pkg) error {
		p.State, p.SHA1, p.UpdatedAt = ready, what.SHA1, now()
		return nil
	})
	if err != nil {
		a.Packages.Drop(bitsID(c.param("guid")))
		return err
	}
	a.Log.Info("package stored", "app_id", p.App, "package", p.GUID, "sha1", what.SHA1, "bytes", what.Size)
	return c.json(http.StatusOK, c.viewPackage(p))
}

// receivePackage makes one zip of the form.
func (a *API) receivePackage(c *call) (*bits.Incoming, error) {
	uploaded, here, err := a.readForm(c)
	if err != nil {
		return nil, err
	}
	switch {
	case uploaded == nil && len(here) == 0:
		return nil, unprocessable("Upload must include either resources or bits")
	case len(here) == 0:
		return uploaded, nil
	}
	var zip *os.File
	if uploaded != nil {
		defer uploaded.Discard()
		zip = uploaded.File
	}
	in, err := a.Packages.Receive(func(w io.Writer) error {
		return a.Resources.Assemble(zip, here, &limited{w, a.Uploads.Max.Bytes()})
	})
	if bad, ok := errors.AsType[*resources.RefusedError](err); ok {
		return nil, unprocessable("%s", bad.Reason)
	}
	if errors.Is(err, errOverLimit) {
		return nil, &bits.TooLargeError{Max: a.Uploads.Max}
	}
	return in, err
}

// readForm reads the parts of the form. What was uploaded is nil when there was no such part, and otherwise for the caller to discard.
func (a *API) readForm(c *call) (uploaded *bits.Incoming, here []resources.File, err error) {
	defer func() {
		if err != nil && uploaded != nil {
			uploaded.Discard()
		}
	}()
	form, err := c.MultipartReader()
	if err != nil {
		return nil, nil, unreadable("want a multipart form with the fields resources and bits (%v)", err)
	}
	for {
		part, err := form.NextRawPart()
		switch {
		case err == io.EOF: // a wrapped one means that the form broke off
			return uploaded, here, nil
		case err != nil:
			return uploaded, nil, a.Uploads.Explain(err)
		case part.FormName() == "resources":
			here, err = a.readList(part)
		case part.FormName() == "bits" && uploaded == nil:
			uploaded, err = a.Packages.Receive(bits.CopyFrom(http.MaxBytesReader(c.ResponseWriter, part, a.Uploads.Max.Bytes())))
			err = a.Uploads.Explain(err)
		default:
			err = unprocessable("Unknown field(s): '%.100s'", part.FormName())
		}
		if err != nil {
			return uploaded, nil, err
		}
	}
}

func (a *API) readList(part *multipart.Part) ([]resources.File, error) {
	var list []resource
	text, err := io.ReadAll(io.LimitReader(part, maxFileList))
	if err != nil {
		return nil, a.Uploads.Explain(err)
	}
	if err := json.Unmarshal(text, &list); err != nil {
		return nil, unprocessable("The resources field cannot be parsed: %v", err)
	}
	return files(list)
}

// limited is a writer that takes no more than so many bytes.
type limited struct {
	io.Writer
	left int64
}

var errOverLimit = errors.New("more than an upload may be")

func (l *limited) Write(p []byte) (int, error) {
	if l.left -= int64(len(p)); l.left < 0 {
		return 0, errOverLimit
	}
	return l.Writer.Write(p)
}

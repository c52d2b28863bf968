package v3

import (
	"context"
	"net/http"
	"slices"

	"github.com/minicf/minicf/controller/bits"
)

// pkg is a package: a zipped app.
type pkg struct {
	head
	App   string `json:"app"`   // GUID
	State string `json:"state"` // awaitingUpload, ready, failed
	SHA1  string `json:"sha1"`
	Error string `json:"error,omitempty"`
}

// The states of a package.
const (
	awaitingUpload = "AWAITING_UPLOAD"
	ready          = "READY"
	failed         = "FAILED" // of builds, too
)

// bitsID is the id under which the bits of a package, or of a droplet, are stored. No app of the tutorial's routes has such an id by chance.
func bitsID(guid string) string { return bitsPrefix + guid }

const bitsPrefix = "cf-"

func packageListing() listing[pkg] {
	return listing[pkg]{filters: map[string]filter[pkg]{
		"app_guids": oneOf(func(p pkg) string { return p.App }),
		"states":    oneOf(func(p pkg) string { return p.State }),
		"types":     oneOf(func(pkg) string { return "bits" }),
	}}
}

func (c *call) viewPackage(p pkg) object {
	data := object{"error": nil, "checksum": object{"type": "sha1", "value": nil}}
	if p.SHA1 != "" {
		data["checksum"] = object{"type": "sha1", "value": p.SHA1}
	}
	if p.Error != "" {
		data["error"] = p.Error
	}
	return p.view(object{
		"type": "bits", "state": p.State, "data": data, "relationships": object{"app": related(p.App)},
		"links": object{
			"self": c.href("packages", p.GUID), "app": c.href("apps", p.App),
			"upload":   object{"href": c.href("packages", p.GUID, "upload")["href"], "method": "POST"},
			"download": object{"href": c.href("packages", p.GUID, "download")["href"], "method": "GET"},
		},
	})
}

// listPackages lists those of all apps, or of the one in the path.
func (a *API) listPackages(c *call) error {
	all, err := a.packages.All(c.Context())
	if err != nil {
		return err
	}
	if guid := c.param("guid"); guid != "" {
		if _, err := a.app(c); err != nil {
			return err
		}
		all = only(all, func(p pkg) bool { return p.App == guid })
	}
	return list(c, packageListing(), all, c.viewPackage)
}

func (a *API) showPackage(c *call) error {
	p, err := find(c.Context(), a.packages, "Package", c.param("guid"))
	if err != nil {
		return err
	}
	return c.json(http.StatusOK, c.viewPackage(p))
}

func (a *API) createPackage(c *call) error {
	var body struct {
		Type          string `json:"type"`
		Relationships struct {
			App relation `json:"app"`
		} `json:"relationships"`
		Data     map[string]any `json:"data"`
		Metadata *metadata      `json:"metadata"`
	}
	if err := c.read(&body); err != nil {
		return err
	}
	if body.Type != "bits" {
		return notHere("packages of the type " + body.Type + ", only bits")
	}
	x, err := a.apps.Get(c.Context(), body.Relationships.App.guid())
	if err != nil {
		return unprocessable("App is invalid. Ensure it exists and you have access to it.")
	}
	p := pkg{head: newHead(), App: x.GUID, State: awaitingUpload}
	p.note(body.Metadata)
	if err := add(c.Context(), a.packages, p); err != nil {
		return err
	}
	a.recordApp(c, "audit.app.package.create", x, map[string]any{"package_guid": p.GUID})
	return c.json(http.StatusCreated, c.viewPackage(p))
}

func (a *API) downloadPackage(c *call) error {
	p, err := find(c.Context(), a.packages, "Package", c.param("guid"))
	if err != nil {
		return err
	}
	f, what, err := a.Packages.Get(bitsID(p.GUID))
	if err != nil {
		return unprocessable("Package has no bits to download.")
	}
	defer f.Close()
	bits.Serve(c.ResponseWriter, c.Request, f, what, "application/zip")
	return nil
}

func (a *API) deletePackage(c *call) error {
	p, err := find(c.Context(), a.packages, "Package", c.param("guid"))
	if err != nil {
		return err
	}
	return a.async(c, "package.delete", func() error { return a.dropPackage(c.Context(), p) })
}

func (a *API) dropPackage(ctx context.Context, p pkg) error {
	err := drop(ctx, a.packages, p.GUID)
	if err == nil {
		a.Packages.Drop(bitsID(p.GUID))
	}
	return err
}

// maxKept is how many droplets of an app are kept, and how many packages.
const maxKept = 5

// dropBits forgets what an app has of packages and droplets, except the newest, as many as keep says of each, and those that are in use.
func (a *API) dropBits(ctx context.Context, app string, keep int, current string) error {
	droplets, err := a.droplets.All(ctx)
	if err != nil {
		return err
	}
	mine := only(droplets, func(d droplet) bool { return d.App == app })
	var used []string
	for i, d := range slices.Backward(mine) {
		if len(mine)-i <= keep || d.GUID == current {
			used = append(used, d.Package)
			continue
		}
		if err := a.dropDroplet(ctx, d); err != nil {
			return err
		}
	}
	packages, err := a.packages.All(ctx)
	if err != nil {
		return err
	}
	its := only(packages, func(p pkg) bool { return p.App == app })
	for i, p := range its {
		if len(its)-i <= keep || slices.Contains(used, p.GUID) {
			continue
		}
		if err := a.dropPackage(ctx, p); err != nil {
			return err
		}
	}
	return nil
}

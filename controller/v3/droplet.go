package v3

import (
	"cmp"
	"context"
	"net/http"

	"github.com/minicf/minicf/controller/bits"
)

// droplet is what a stager made of a package.
type droplet struct {
	head
	App       string `json:"app"`     // GUID
	Package   string `json:"package"` // GUID
	Build     string `json:"build"`   // GUID
	SHA1      string `json:"sha1"`
	Framework string `json:"framework"`
	Runtime   string `json:"runtime"`
	Command   string `json:"command"`
	Memory    int    `json:"memory"` // MB, what the framework needs
}

func (a *API) dropletListing() listing[droplet] {
	return listing[droplet]{filters: map[string]filter[droplet]{
		"app_guids":     oneOf(func(d droplet) string { return d.App }),
		"package_guids": oneOf(func(d droplet) string { return d.Package }),
		"states":        oneOf(func(droplet) string { return staged }),
	}}
}

func (c *call) viewDroplet(d droplet) object {
	return d.view(object{
		"state": staged, "error": nil, "lifecycle": object{"type": "buildpack", "data": object{}}, "execution_metadata": "",
		"process_types": object{web: cmp.Or(d.Command, "./startup")}, "checksum": object{"type": "sha1", "value": d.SHA1},
		"stack": localStack, "image": nil,
		"buildpacks": []object{{
			"name": d.Framework, "buildpack_name": d.Framework, "detect_output": d.Framework + " on " + d.Runtime, "version": nil,
		}},
		"relationships": object{"app": related(d.App)},
		"links": object{
			"self": c.href("droplets", d.GUID), "app": c.href("apps", d.App), "package": c.href("packages", d.Package),
			"download": c.href("droplets", d.GUID, "download"),
		},
	})
}

// listDroplets lists those of all apps, of the app in the path, or of the package.
func (a *API) listDroplets(c *call) error {
	all, err := a.droplets.All(c.Context())
	if err != nil {
		return err
	}
	if guid := c.param("guid"); guid != "" {
		if _, err := a.app(c); err != nil {
			return err
		}
		all = only(all, func(d droplet) bool { return d.App == guid })
	}
	return list(c, a.dropletListing(), all, c.viewDroplet)
}

func (a *API) listPackageDroplets(c *call) error {
	p, err := find(c.Context(), a.packages, "Package", c.param("package"))
	if err != nil {
		return err
	}
	all, err := a.droplets.All(c.Context())
	if err != nil {
		return err
	}
	return list(c, a.dropletListing(), only(all, func(d droplet) bool { return d.Package == p.GUID }), c.viewDroplet)
}

func (a *API) showDroplet(c *call) error {
	d, err := find(c.Context(), a.droplets, "Droplet", c.param("guid"))
	if err != nil {
		return err
	}
	return c.json(http.StatusOK, c.viewDroplet(d))
}

func (a *API) showCurrentDroplet(c *call) error {
	x, err := a.app(c)
	if err != nil {
		return err
	}
	d, err := find(c.Context(), a.droplets, "Droplet", x.Droplet)
	if err != nil {
		return err
	}
	return c.json(http.StatusOK, c.viewDroplet(d))
}

func (a *API) downloadDroplet(c *call) error {
	d, err := find(c.Context(), a.droplets, "Droplet", c.param("guid"))
	if err != nil {
		return err
	}
	f, what, err := a.Droplets.Get(bitsID(d.GUID))
	if err != nil {
		return err
	}
	defer f.Close()
	bits.Serve(c.ResponseWriter, c.Request, f, what, "application/octet-stream")
	return nil
}

func (a *API) deleteDroplet(c *call) error {
	d, err := find(c.Context(), a.droplets, "Droplet", c.param("guid"))
	if err != nil {
		return err
	}
	if x, err := a.apps.Get(c.Context(), d.App); err == nil && x.Droplet == d.GUID {
		return unprocessable("The droplet is the app's current one.")
	}
	return a.async(c, "droplet.delete", func() error { return a.dropDroplet(c.Context(), d) })
}

func (a *API) dropDroplet(ctx context.Context, d droplet) error {
	err := drop(ctx, a.droplets, d.GUID)
	if err == nil {
		a.Droplets.Drop(bitsID(d.GUID))
	}
	return err
}

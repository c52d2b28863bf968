package v3

import (
	"net/http"
	"slices"
	"strconv"

	"github.com/minicf/minicf/client"
)

// process is how an app runs. A droplet of 2012 has one startup script, so an app has one process, web; it has the app's GUID, as in Cloud Foundry.
type process struct {
	Instances int    `json:"instances"`
	Memory    int    `json:"memory"` // MB; 0: what the framework needs
	Disk      int    `json:"disk"`   // MB
	Command   string `json:"command"`
	Health    health `json:"health"`
}

// health is how it is known that an instance is well. The DEA of 2012 looks whether its port is open, whatever stands here.
type health struct {
	Type       string `json:"type"` // port, process, http
	Timeout    *int   `json:"timeout"`
	Invocation *int   `json:"invocation_timeout"`
	Endpoint   string `json:"endpoint"`
}

const (
	web           = "web"
	defaultMemory = 256     // MB, before it is known what the framework needs
	defaultDisk   = 1024    // MB
	maxLimit      = 1 << 20 // MB
)

func newProcess() process {
	return process{Instances: 1, Disk: defaultDisk, Health: health{Type: "port"}}
}

// check says what cannot be.
func (p process) check() error {
	switch {
	case p.Instances < 0 || p.Instances > client.MaxInstances:
		return unprocessable("Instances must be between 0 and %d", client.MaxInstances)
	case p.Memory < 0 || p.Memory > maxLimit:
		return unprocessable("Memory in mb must be between 1 and %d", maxLimit)
	case p.Disk < 1 || p.Disk > maxLimit:
		return unprocessable("Disk in mb must be between 1 and %d", maxLimit)
	case !slices.Contains([]string{"port", "process", "http"}, p.Health.Type):
		return unprocessable("Health check type must be \"port\", \"process\", or \"http\"")
	case p.Health.Timeout != nil && *p.Health.Timeout < 1:
		return unprocessable("Health check timeout must be greater than 0")
	case p.Health.Invocation != nil && *p.Health.Invocation < 1:
		return unprocessable("Health check invocation timeout must be greater than 0")
	}
	return nil
}

func (a *API) processListing() listing[app] {
	return listing[app]{filters: map[string]filter[app]{
		"app_guids":   oneOf(func(x app) string { return x.GUID }),
		"space_guids": oneOf(func(x app) string { return x.Space }),
		"types":       oneOf(func(app) string { return web }),
	}}
}

// viewProcess shows an app's process, given what its droplet says.
func (c *call) viewProcess(x app, d *droplet) object {
	p := x.Process
	data := object{"timeout": p.Health.Timeout, "invocation_timeout": p.Health.Invocation}
	if p.Health.Type == "http" {
		data["endpoint"] = p.Health.Endpoint
	}
	o := object{
		"guid": x.GUID, "created_at": stamp(x.CreatedAt), "updated_at": stamp(x.UpdatedAt), "type": web, "command": nil, "user": nil,
		"instances": p.Instances, "memory_in_mb": memoryOf(x, d), "disk_in_mb": p.Disk, "log_rate_limit_in_bytes_per_second": -1,
		"health_check":           object{"type": p.Health.Type, "data": data},
		"readiness_health_check": object{"type": "process", "data": object{"invocation_timeout": nil}},
		"relationships":          object{"app": related(x.GUID), "revision": nil},
		"metadata":               object{"labels": object{}, "annotations": object{}},
		"links": object{
			"self": c.href("processes", x.GUID), "scale": c.href("processes", x.GUID, "actions", "scale"), "app": c.href("apps", x.GUID),
			"space": c.href("spaces", x.Space), "stats": c.href("processes", x.GUID, "stats"),
		},
	}
	if p.Command != "" {
		o["command"] = p.Command
	} else if d != nil && d.Command != "" {
		o["command"] = d.Command
	}
	return o
}

// memoryOf is what was asked for, or else what the framework needs.
func memoryOf(x app, d *droplet) int {
	switch {
	case x.Process.Memory > 0:
		return x.Process.Memory
	case d != nil && d.Memory > 0:
		return d.Memory
	}
	return defaultMemory
}

// listProcesses lists those of all apps, or of the one in the path.
func (a *API) listProcesses(c *call) error {
	var some []app
	if c.param("guid") != "" {
		x, err := a.app(c)
		if err != nil {
			return err
		}
		some = []app{x}
	} else {
		var err error
		if some, err = a.apps.All(c.Context()); err != nil {
			return err
		}
	}
	droplets, err := a.droplets.All(c.Context())
	if err != nil {
		return err
	}
	known := byGUID(droplets)
	return list(c, a.processListing(), some, func(x app) object {
		if d, ok := known[x.Droplet]; ok {
			return c.viewProcess(x, &d)
		}
		return c.viewProcess(x, nil)
	})
}

// processApp is the app whose process the path names: by the GUID of either, and maybe a type.
func (a *API) processApp(c *call) (app, error) {
	if t := c.param("type"); t != "" && t != web {
		return app{}, notFound("Process")
	}
	what := "Process"
	if c.param("type") != "" {
		what = "App"
	}
	return find(c.Context(), a.apps, what, c.param("guid"))
}

func (a *API) showProcess(c *call) error {
	x, err := a.processApp(c)
	if err != nil {
		return err
	}
	return a.answerProcess(c, http.StatusOK, x)
}

func (a *API) answerProcess(c *call, status int, x app) error {
	d, _, err := a.dropletOf(c.Context(), x)
	if err != nil {
		return err
	}
	return c.json(status, c.viewProcess(x, d))
}

// changeProcess changes the command and the health check, for the next staging and start.
func (a *API) changeProcess(c *call) error {
	var body struct {
		Command     *string `json:"command"`
		HealthCheck *struct {
			Type string `json:"type"`
			Data struct {
				Timeout    *int    `json:"timeout"`
				Invocation *int    `json:"invocation_timeout"`
				Interval   *int    `json:"interval"`
				Endpoint   *string `json:"endpoint"`
			} `json:"data"`
		} `json:"health_check"`
		Readiness any       `json:"readiness_health_check"`
		Metadata  *metadata `json:"metadata"`
	}
	if err := c.read(&body); err != nil {
		return err
	}
	x, err := a.processApp(c)
	if err != nil {
		return err
	}
	x, err = edit(c.Context(), a.apps, "Process", x.GUID, func(x *app) error {
		if body.Command != nil {
			x.Process.Command = *body.Command
		}
		if h := body.HealthCheck; h != nil {
			x.Process.Health = health{Type: h.Type, Timeout: h.Data.Timeout, Invocation: h.Data.Invocation}
			if h.Data.Endpoint != nil {
				x.Process.Health.Endpoint = *h.Data.Endpoint
			}
		}
		x.UpdatedAt = now()
		return x.Process.check()
	})
	if err != nil {
		return err
	}
	if body.HealthCheck != nil && body.HealthCheck.Type != "port" || body.Readiness != nil {
		c.warn("The DEA of 2012 knows one health check: an instance is well when its port is open.")
	}
	return a.answerProcess(c, http.StatusOK, x)
}

// scale changes how many instances there are at once, and how large they are from the next start on.
func (a *API) scale(c *call) error {
	var body struct {
		Instances *int `json:"instances"`
		Memory    *int `json:"memory_in_mb"`
		Disk      *int `json:"disk_in_mb"`
		LogRate   *int `json:"log_rate_limit_in_bytes_per_second"`
	}
	if err := c.read(&body); err != nil {
		return err
	}
	x, err := a.processApp(c)
	if err != nil {
		return err
	}
	if body.Memory != nil && *body.Memory < 1 {
		return unprocessable("Memory in mb must be greater than 0")
	}
	if body.LogRate != nil && *body.LogRate != -1 {
		c.warn("minicf does not limit how much an app may log.")
	}
	x, err = a.changeRunning(c.Context(), x.GUID, func(x *app) error {
		set(&x.Process.Instances, body.Instances)
		set(&x.Process.Memory, body.Memory)
		set(&x.Process.Disk, body.Disk)
		return x.Process.check()
	})
	if err != nil {
		return err
	}
	a.recordApp(c, "audit.app.process.scale", x, map[string]any{"request": body})
	return a.answerProcess(c, http.StatusAccepted, x)
}

func set[T any](field, value *T) {
	if value != nil {
		*field = *value
	}
}

// deleteInstance starts an instance anew, which is what `cf restart-app-instance` means by it.
func (a *API) deleteInstance(c *call) error {
	x, err := a.processApp(c)
	if err != nil {
		return err
	}
	index, err := strconv.Atoi(c.param("index"))
	if err != nil || index < 0 || index >= x.Process.Instances || x.State != started {
		return notFound("Instance")
	}
	if err := a.Platform.Renew(c.Context(), x.GUID, index); err != nil {
		return err
	}
	return c.empty(http.StatusNoContent)
}

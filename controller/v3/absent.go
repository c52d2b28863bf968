package v3

import (
	"net/http"
)

// What Cloud Foundry has and minicf has not. A collection of which there is nothing is an empty page; what would have an effect
// is an error.

// emptyPage answers with a collection in which nothing can be. Nothing of it fits any filter.
func (a *API) emptyPage(c *call) error {
	p, err := pageOf(c.URL.Query(), 0)
	if err != nil {
		return err
	}
	return c.json(http.StatusOK, object{"pagination": p.view(c), "resources": []object{}})
}

// absent answers that there is no such thing here.
func absent(what string) func(*API, *call) error {
	return func(*API, *call) error { return notHere(what + " yet") }
}

func (a *API) noRelation(c *call) error { return c.json(http.StatusOK, related("")) }

// appOnly answers about an app that is there.
func appOnly(answer func(*API, *call) error) func(*API, *call) error {
	return func(a *API, c *call) error {
		if _, err := a.processApp(c); err != nil {
			return err
		}
		return answer(a, c)
	}
}

func (a *API) showSSH(c *call) error {
	return c.json(http.StatusOK, object{"enabled": false, "reason": "minicf has no SSH proxy"})
}

func (a *API) showFeature(c *call) error {
	return c.json(http.StatusOK, object{"name": c.param("name"), "description": "minicf does not have it", "enabled": false})
}

// createRole is for `cf create-space` and `cf create-org`, which give their user roles in what they have made.
func (a *API) createRole(c *call) error {
	var body struct {
		Type          string `json:"type"`
		Relationships any    `json:"relationships"`
	}
	if err := c.read(&body); err != nil {
		return err
	}
	c.warn("minicf keeps no roles: whoever may log in may do everything.")
	return c.json(http.StatusCreated, newHead().view(object{"type": body.Type, "relationships": body.Relationships}))
}

// stack is the one that there is.
type stack struct{ head }

func (a *API) listStacks(c *call) error {
	l := listing[stack]{
		filters: map[string]filter[stack]{"names": oneOf(func(stack) string { return localStack }), "default": oneOf(func(stack) string { return "true" })},
		orders:  map[string]func(a, b stack) int{"name": func(a, b stack) int { return 0 }},
	}
	one := stack{head{GUID: "stack-" + localStack, CreatedAt: epoch(), UpdatedAt: epoch()}}
	return list(c, l, []stack{one}, func(s stack) object {
		return s.view(object{
			"name": localStack, "description": "The machine that minicf runs on", "state": "ACTIVE", "default": true,
			"build_rootfs_image": localStack, "run_rootfs_image": localStack, "links": object{},
		})
	})
}

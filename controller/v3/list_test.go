package v3_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
)

// A filter that is ignored pushes onto the wrong app, so each is tried for what it leaves out.
func TestFiltersLeaveOutWhatDoesNotFit(t *testing.T) {
	t.Parallel()
	b := startAPI(t)
	org := b.must("POST", "/v3/organizations", object{"name": "other"}, 201).guid()
	minicf := b.get("/v3/organizations?names=minicf").guid()
	dev := b.space()
	prod := b.must("POST", "/v3/spaces", object{"name": "prod", "relationships": object{"organization": object{"data": object{"guid": org}}}}, 201).guid()
	domain := b.get("/v3/domains?names=localhost").guid()
	example := b.must("POST", "/v3/domains", object{"name": "example.test"}, 201).guid()
	apps := map[string]string{}
	for name, space := range map[string]string{"one": dev, "two": dev, "three": prod} {
		apps[name] = b.must("POST", "/v3/apps", object{
			"name": name, "relationships": object{"space": object{"data": object{"guid": space}}},
			"metadata": object{"labels": object{"name": name}},
		}, 201).guid()
	}
	for host, at := range map[string][2]string{"one": {dev, domain}, "two": {dev, example}, "three": {prod, domain}} {
		r := b.must("POST", "/v3/routes", object{"host": host, "relationships": object{
			"space": object{"data": object{"guid": at[0]}}, "domain": object{"data": object{"guid": at[1]}},
		}}, 201).guid()
		b.must("POST", "/v3/routes/"+r+"/destinations", object{"destinations": []object{{"app": object{"guid": apps[host]}}}}, 200)
	}
	p := b.pkg(apps["one"], map[string]string{"a": "1"})
	b.must("POST", "/v3/packages", object{"type": "bits", "relationships": object{"app": object{"data": object{"guid": apps["two"]}}}}, 201)
	built := b.build(p)
	for query, want := range map[string]string{
		"/v3/organizations?names=other":                                             "other",
		"/v3/organizations?names=OTHER,minicf&order_by=name":                        "minicf other",
		"/v3/organizations?order_by=-name":                                          "other minicf",
		"/v3/spaces?organization_guids=" + org:                                      "prod",
		"/v3/spaces?names=dev&organization_guids=" + org:                            "",
		"/v3/spaces?guids=" + dev + "," + prod:                                      "dev prod",
		"/v3/domains?names=localhost":                                               "localhost",
		"/v3/domains?organization_guids=" + minicf:                                  "",
		"/v3/apps?names=one&space_guids=" + dev:                                     "one",
		"/v3/apps?names=ONE":                                                        "one",
		"/v3/apps?names=one,three&order_by=name":                                    "one three",
		"/v3/apps?names=":                                                           "",
		"/v3/apps?names=one&space_guids=" + prod:                                    "",
		"/v3/apps?space_guids=" + prod:                                              "three",
		"/v3/apps?organization_guids=" + org:                                        "three",
		"/v3/apps?guids=" + apps["two"]:                                             "two",
		"/v3/apps?order_by=-created_at&per_page=1&page=1":                           "newest",
		"/v3/apps?stacks=cflinuxfs4":                                                "",
		"/v3/apps?label_selector=name%3Done":                                        "one",
		"/v3/apps?label_selector=name!%3Done&order_by=name":                         "three two",
		"/v3/apps?label_selector=name+in+(one,two)&order_by=name":                   "one two",
		"/v3/apps?label_selector=name+notin+(one,two)":                              "three",
		"/v3/apps?label_selector=!name":                                             "",
		"/v3/processes?app_guids=" + apps["one"]:                                    "web " + apps["one"],
		"/v3/processes?space_guids=" + prod:                                         "web " + apps["three"],
		"/v3/processes?types=worker":                                                "",
		"/v3/routes?hosts=one":                                                      "one.localhost",
		"/v3/routes?hosts=one,three&domain_guids=" + domain + "&space_guids=" + dev: "one.localhost",
		"/v3/routes?domain_guids=" + example:                                        "two.example.test",
		"/v3/routes?app_guids=" + apps["three"]:                                     "three.localhost",
		"/v3/routes?organization_guids=" + org:                                      "three.localhost",
		"/v3/routes?paths=&hosts=two":                                               "two.example.test",
		"/v3/routes?paths=%2Fpath&hosts=two":                                        "",
		"/v3/routes?ports=80":                                                       "",
		"/v3/packages?app_guids=" + apps["two"]:                                     "AWAITING_UPLOAD",
		"/v3/packages?states=READY":                                                 "READY",
		"/v3/packages?app_guids=" + apps["two"] + "&states=READY":                   "",
		"/v3/packages?types=docker":                                                 "",
		"/v3/builds?app_guids=" + apps["one"]:                                       "STAGED",
		"/v3/builds?package_guids=" + p + "&states=FAILED":                          "",
		"/v3/droplets?app_guids=" + apps["two"]:                                     "",
		"/v3/droplets?app_guids=" + apps["one"]:                                     "STAGED",
		"/v3/packages/" + p + "/droplets?states=STAGED":                             "STAGED",
		"/v3/packages/" + p + "/droplets?states=EXPIRED":                            "",
		"/v3/audit_events?types=audit.app.build.create":                             "audit.app.build.create",
		"/v3/audit_events?types=audit.app.build.create&target_guids=" + apps["two"]: "",
		"/v3/buildpacks?names=sinatra":                                              "sinatra",
	} {
		if want == "newest" {
			all := b.get("/v3/apps?order_by=created_at").resources()
			want, _ = all[len(all)-1]["name"].(string)
		}
		var got []string
		for _, r := range b.get(query).resources() {
			got = append(got, nameOf(r))
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s is %q, want %q", query, strings.Join(got, " "), want)
		}
	}
	if built.object["state"] != "STAGED" {
		t.Errorf("the build ended as %s", built.body)
	}
}

// nameOf is what one knows a resource by.
func nameOf(r object) string {
	if r["type"] == "web" {
		return fmt.Sprint("web ", r["guid"])
	}
	for _, key := range []string{"name", "url", "state", "type"} {
		if s, ok := r[key].(string); ok {
			return s
		}
	}
	return fmt.Sprint(r)
}

func TestUnknownParametersAreRefused(t *testing.T) {
	t.Parallel()
	b := startAPI(t)
	for query, want := range map[string]string{
		"/v3/apps?name=one":               "Unknown query parameter(s): 'name'",
		"/v3/apps?nmaes=one&x=1":          "Unknown query parameter(s): 'nmaes', 'x'",
		"/v3/apps?per_page=0":             "Per page must be between 1 and 5000",
		"/v3/apps?per_page=5001":          "Per page must be between 1 and 5000",
		"/v3/apps?page=0":                 "Page must be a positive integer",
		"/v3/apps?page=x":                 "Page must be a positive integer",
		"/v3/apps?order_by=memory":        "Order by can only be",
		"/v3/apps?include=moon":           "Invalid included resource: 'moon'",
		"/v3/apps?label_selector=a+b":     "Invalid label_selector",
		"/v3/routes?host=one":             "Unknown query parameter(s): 'host'",
		"/v3/packages?space_guids=x":      "Unknown query parameter(s): 'space_guids'",
		"/v3/organizations?space_guids=x": "Unknown query parameter(s): 'space_guids'",
		"/v3/audit_events?target_guid=x":  "Unknown query parameter(s): 'target_guid'",
		"/v3/processes?names=x":           "Unknown query parameter(s): 'names'",
	} {
		code, detail := failureOf(b.must("GET", query, nil, http.StatusBadRequest))
		if code != 10005 || !strings.Contains(detail, want) {
			t.Errorf("%s: code %d, %q, want 10005 and %q", query, code, detail, want)
		}
	}
}

func TestPagesAddUpToTheList(t *testing.T) {
	t.Parallel()
	b := startAPI(t)
	var want []string
	for i := range 7 {
		want = append(want, fmt.Sprintf("app-%d", i))
		b.app(want[i])
	}
	var got []string
	next, pages := "/v3/apps?order_by=name&per_page=3", 0
	for next != "" {
		a := b.get(next)
		for _, r := range a.resources() {
			got = append(got, nameOf(r))
		}
		p, _ := a.object["pagination"].(object)
		if p["total_results"] != 7.0 || p["total_pages"] != 3.0 {
			t.Errorf("pagination = %v, want 7 results on 3 pages", p)
		}
		link, _ := p["next"].(object)
		next, _ = link["href"].(string)
		next = strings.TrimPrefix(next, b.url)
		pages++
	}
	if !slices.Equal(got, want) || pages != 3 {
		t.Errorf("%d pages have %v, want %v on 3", pages, got, want)
	}
	if far := b.get("/v3/apps?page=1000000000000&per_page=5000").resources(); len(far) != 0 {
		t.Errorf("far beyond the end there is %v", far)
	}
}

func TestIncludeAddsWhatIsRelated(t *testing.T) {
	t.Parallel()
	b := startAPI(t)
	app := b.app("hello")
	for query, want := range map[string]string{
		"/v3/apps?include=space":                    "spaces dev",
		"/v3/apps/" + app + "?include=space":        "spaces dev",
		"/v3/apps?include=space,space.organization": "organizations minicf spaces dev",
		"/v3/spaces?include=organization":           "organizations minicf",
	} {
		included, _ := b.get(query).object["included"].(object)
		var got []string
		for kind, all := range included {
			for _, r := range all.([]any) {
				got = append(got, kind+" "+nameOf(r.(object)))
			}
		}
		slices.Sort(got)
		if strings.Join(got, " ") != want {
			t.Errorf("%s includes %v, want %s", query, got, want)
		}
	}
}

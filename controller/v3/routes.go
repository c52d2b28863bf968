package v3

import (
	"net/http"

	"github.com/go-chi/chi/v5"
)

// table is where requests lead.
type table struct {
	chi.Router

	api *API
}

func (t table) get(path string, f func(*API, *call) error)    { t.Get(path, t.api.authenticated(f)) }
func (t table) post(path string, f func(*API, *call) error)   { t.Post(path, t.api.authenticated(f)) }
func (t table) patch(path string, f func(*API, *call) error)  { t.Patch(path, t.api.authenticated(f)) }
func (t table) remove(path string, f func(*API, *call) error) { t.Delete(path, t.api.authenticated(f)) }

// Routes is everything below /v3.
func (a *API) Routes() http.Handler {
	t := table{chi.NewRouter(), a}
	t.NotFound(a.authenticated(unknown))
	t.MethodNotAllowed(a.authenticated(unknown)) // as in Cloud Foundry
	t.Get("/", a.anybody((*API).index))
	t.Get("/info", a.anybody((*API).info))
	t.get("/jobs/{guid}", (*API).showJob)
	t.get("/audit_events", (*API).listEvents)
	t.places()
	t.wishes()
	t.filesToDroplets()
	t.dropletsToInstances()
	t.namesToInstances()
	t.one()
	t.none()
	return t
}

// places are where everything belongs.
func (t table) places() {
	t.get("/organizations", (*API).listOrganizations)
	t.post("/organizations", (*API).createOrganization)
	t.get("/organizations/{guid}", (*API).showOrganization)
	t.patch("/organizations/{guid}", (*API).changeOrganization)
	t.remove("/organizations/{guid}", (*API).deleteOrganization)
	t.get("/organizations/{guid}/domains", (*API).listOrganizationDomains)
	t.get("/organizations/{guid}/domains/default", (*API).showDefaultDomain)
	t.get("/spaces", (*API).listSpaces)
	t.post("/spaces", (*API).createSpace)
	t.get("/spaces/{guid}", (*API).showSpace)
	t.patch("/spaces/{guid}", (*API).changeSpace)
	t.remove("/spaces/{guid}", (*API).deleteSpace)
	t.get("/domains", (*API).listDomains)
	t.post("/domains", (*API).createDomain)
	t.get("/domains/{guid}", (*API).showDomain)
	t.remove("/domains/{guid}", (*API).deleteDomain)
	t.get("/domains/{guid}/route_reservations", (*API).showReservation)
}

// wishes are what is wanted of apps.
func (t table) wishes() {
	t.get("/apps", (*API).listApps)
	t.post("/apps", (*API).createApp)
	t.get("/apps/{guid}", (*API).showApp)
	t.patch("/apps/{guid}", (*API).changeApp)
	t.remove("/apps/{guid}", (*API).deleteApp)
	t.get("/apps/{guid}/env", (*API).showEnv)
	t.get("/apps/{guid}/environment_variables", (*API).showVariables)
	t.patch("/apps/{guid}/environment_variables", (*API).changeVariables)
	t.get("/apps/{guid}/manifest", (*API).showManifest)
	t.post("/spaces/{guid}/actions/apply_manifest", (*API).applyManifest)
	t.post("/spaces/{guid}/manifest_diff", (*API).diffManifest)
}

func (t table) filesToDroplets() {
	t.post("/resource_matches", (*API).matchResources)
	t.get("/packages", (*API).listPackages)
	t.post("/packages", (*API).createPackage)
	t.get("/packages/{guid}", (*API).showPackage)
	t.remove("/packages/{guid}", (*API).deletePackage)
	t.post("/packages/{guid}/upload", (*API).uploadPackage)
	t.get("/packages/{guid}/download", (*API).downloadPackage)
	t.get("/packages/{package}/droplets", (*API).listPackageDroplets)
	t.get("/apps/{guid}/packages", (*API).listPackages)
	t.get("/builds", (*API).listBuilds)
	t.post("/builds", (*API).createBuild)
	t.get("/builds/{guid}", (*API).showBuild)
	t.get("/apps/{guid}/builds", (*API).listBuilds)
	t.get("/droplets", (*API).listDroplets)
	t.get("/droplets/{guid}", (*API).showDroplet)
	t.remove("/droplets/{guid}", (*API).deleteDroplet)
	t.get("/droplets/{guid}/download", (*API).downloadDroplet)
	t.get("/apps/{guid}/droplets", (*API).listDroplets)
	t.get("/apps/{guid}/droplets/current", (*API).showCurrentDroplet)
	t.get("/apps/{guid}/relationships/current_droplet", (*API).showCurrent)
	t.patch("/apps/{guid}/relationships/current_droplet", (*API).useDroplet)
}

func (t table) dropletsToInstances() {
	t.post("/apps/{guid}/actions/start", (*API).startApp)
	t.post("/apps/{guid}/actions/stop", (*API).stopApp)
	t.post("/apps/{guid}/actions/restart", (*API).restartApp)
	t.get("/processes", (*API).listProcesses)
	t.get("/apps/{guid}/processes", (*API).listProcesses)
	for _, process := range []string{"/processes/{guid}", "/apps/{guid}/processes/{type}"} {
		t.get(process, (*API).showProcess)
		t.patch(process, (*API).changeProcess)
		t.get(process+"/stats", (*API).showStats)
		t.post(process+"/actions/scale", (*API).scale)
		t.remove(process+"/instances/{index}", (*API).deleteInstance)
		t.get(process+"/sidecars", appOnly((*API).emptyPage))
	}
}

func (t table) namesToInstances() {
	t.get("/routes", (*API).listRoutes)
	t.post("/routes", (*API).createRoute)
	t.get("/routes/{guid}", (*API).showRoute)
	t.patch("/routes/{guid}", (*API).changeRoute)
	t.remove("/routes/{guid}", (*API).deleteRoute)
	t.get("/routes/{guid}/destinations", (*API).listDestinations)
	t.post("/routes/{guid}/destinations", (*API).addDestinations)
	t.patch("/routes/{guid}/destinations", (*API).replaceDestinations)
	t.remove("/routes/{guid}/destinations/{destination}", (*API).deleteDestination)
	t.get("/apps/{guid}/routes", (*API).listRoutes)
	t.remove("/spaces/{guid}/routes", (*API).deleteUnmappedRoutes)
}

// one is what there is one of, whoever asks.
func (t table) one() {
	t.get("/buildpacks", (*API).listBuildpacks)
	t.get("/stacks", (*API).listStacks)
	t.get("/organization_quotas/{guid}", (*API).showQuota)
	t.post("/roles", (*API).createRole)
	t.get("/apps/{guid}/ssh_enabled", appOnly((*API).showSSH))
	t.get("/apps/{guid}/features/{name}", appOnly((*API).showFeature))
	t.get("/organizations/{guid}/relationships/default_isolation_segment", (*API).noRelation)
	t.get("/spaces/{guid}/relationships/isolation_segment", (*API).noRelation)
}

// none is what Cloud Foundry has and minicf has not: to be listed it is an empty page, to be made it is an error.
func (t table) none() {
	for _, collection := range []string{
		"/deployments", "/feature_flags", "/isolation_segments", "/organization_quotas", "/roles", "/security_groups",
		"/service_brokers", "/service_credential_bindings", "/service_instances", "/service_offerings", "/service_plans", "/service_route_bindings",
		"/space_quotas", "/tasks", "/users", "/spaces/{guid}/running_security_groups", "/spaces/{guid}/staging_security_groups",
		"/organizations/{guid}/isolation_segments",
	} {
		t.get(collection, (*API).emptyPage)
	}
	for _, collection := range []string{"/apps/{guid}/sidecars", "/apps/{guid}/tasks", "/apps/{guid}/revisions", "/apps/{guid}/revisions/deployed"} {
		t.get(collection, appOnly((*API).emptyPage))
	}
	t.post("/apps/{guid}/tasks", appOnly(absent("tasks")))
	for path, what := range map[string]string{
		"/deployments": "rolling deployments", "/droplets": "uploads of droplets", "/isolation_segments": "isolation segments",
		"/organization_quotas": "quotas", "/space_quotas": "quotas", "/service_brokers": "service brokers", "/service_instances": "services",
		"/service_credential_bindings": "services", "/security_groups": "security groups", "/users": "users of its own making",
	} {
		t.post(path, absent(what))
	}
}

// unknown is for what nobody knows.
func unknown(*API, *call) error { return errUnknownRequest() }

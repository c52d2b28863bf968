package node

import (
	"encoding/json"

	"github.com/minicf/minicf/stager/plugin"
)

const (
	packageFile = "package.json"
	vcapFile    = "cloudfoundry.json"
)

// manifest is what an app says of itself in its two files. What is of another type than it should be counts as not said.
type manifest struct {
	start             string // scripts.start of package.json
	noAutoconfig      bool   // cfAutoconfig of cloudfoundry.json is false
	ignoreNodeModules bool   // of cloudfoundry.json, out of use already in 2012
}

func readManifest(w *plugin.Workspace) (manifest, error) {
	pkg, err := readObject(w, packageFile)
	if err != nil {
		return manifest{}, err
	}
	vcap, err := readObject(w, vcapFile)
	if err != nil {
		return manifest{}, err
	}
	scripts, _ := pkg["scripts"].(map[string]any)
	start, _ := scripts["start"].(string)
	ignore := vcap["ignoreNodeModules"]
	return manifest{
		start: start, noAutoconfig: vcap["cfAutoconfig"] == false, ignoreNodeModules: ignore != nil && ignore != false,
	}, nil
}

// readObject reads a JSON file of the app. It is nil when there is none, or when it holds no object.
func readObject(w *plugin.Workspace, name string) (map[string]any, error) {
	text, err := w.ReadApp(name)
	if err != nil {
		return nil, &plugin.StagingError{Message: err.Error()}
	}
	if text == nil {
		return nil, nil
	}
	var value any
	if err := json.Unmarshal(text, &value); err != nil {
		return nil, syntaxError(name, text, err)
	}
	object, _ := value.(map[string]any)
	return object, nil
}

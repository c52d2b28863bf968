package java

import (
	"slices"
	"strings"

	"github.com/minicf/minicf/stager/plugin"
	"github.com/minicf/minicf/stager/plugin/java/webxml"
)

// What auto-reconfiguration adds, from its jar: a context in XML, the same for an application whose contexts are annotated
// classes, and an initializer that makes "cloud" a profile.
const (
	xmlContext        = "classpath:META-INF/cloud/cloudfoundry-auto-reconfiguration-context.xml"
	annotationContext = "org.cloudfoundry.reconfiguration.spring.web.CloudAppAnnotationConfigAutoReconfig"
	cloudInitializer  = "org.cloudfoundry.reconfiguration.spring.CloudApplicationContextInitializer"
)

// Words of a descriptor, and Spring's names for what it reads there.
const (
	contextParam = "context-param"
	initParam    = "init-param"
	paramName    = "param-name"
	paramValue   = "param-value"

	contextLocation     = "contextConfigLocation"
	contextClass        = "contextClass"
	contextInitializers = "contextInitializerClasses"
	annotationClass     = "org.springframework.web.context.support.AnnotationConfigWebApplicationContext"

	defaultContext = "WEB-INF/applicationContext.xml"
)

// Contexts adds the context of auto-reconfiguration to those that a descriptor names: for the application as a whole, where
// it has one, and for each servlet of Spring's. A context that is named nowhere is where Spring looks by default.
//
// For the versions of 2012 the result is what it was then, oddities included: a parameter that holds something else already
// gets a second name and value, and the annotations of one servlet count for all. Today a new parameter is added, and each
// servlet counts for itself.
type Contexts struct {
	Dispatcher   string // class of the servlets that have a context of their own
	Annotations  bool   // annotated classes may stand in the place of XML
	Initializers bool   // add the initializer, too
}

// Add changes the descriptor d of the application in w.
func (c Contexts) Add(w *plugin.Workspace, d *webxml.Document) {
	e := contextsEditor{c, w, d}
	e.application()
	if c.Initializers {
		e.initializer()
	}
	for _, servlet := range d.Root().All("servlet") {
		if class := servlet.Child("servlet-class"); class != nil && strings.Contains(class.Text(), c.Dispatcher) {
			e.servlet(servlet)
		}
	}
}

type contextsEditor struct {
	Contexts
	w *plugin.Workspace
	d *webxml.Document
}

// application adds to the context of the whole application.
func (e contextsEditor) application() {
	params := e.d.Root().All(contextParam)
	value := e.context(params)
	if p := named(params, contextLocation); p != nil {
		extend(p, value)
		return
	}
	if !e.w.Has(WebApp + "/" + defaultContext) {
		return
	}
	p := e.vacant(params)
	if p == nil {
		p = e.d.New(contextParam, "")
		e.d.Root().Append(p)
	}
	e.set(p, contextLocation, "/"+defaultContext+" "+value)
}

// servlet adds to the context of one servlet. The parameter that takes it goes to the servlet's end.
func (e contextsEditor) servlet(servlet *webxml.Element) {
	params := servlet.Children(initParam)
	counting := params
	if !e.w.Modern() {
		counting = nil
		for _, s := range e.d.Root().All("servlet") {
			counting = append(counting, s.Children(initParam)...)
		}
	}
	value := e.context(counting)
	if p := named(params, contextLocation); p != nil {
		extend(p, value)
		return
	}
	if name := servlet.Child("servlet-name"); name != nil {
		file := "/WEB-INF/" + strings.TrimSpace(name.Text()) + "-servlet.xml"
		if e.w.Has(WebApp + file) {
			value = file + " " + value
		}
	}
	p := e.vacant(params)
	if p == nil {
		p = e.d.New(initParam, "")
	}
	servlet.Append(p)
	e.set(p, contextLocation, value)
}

// initializer adds to the initializers, or makes a list of them.
func (e contextsEditor) initializer() {
	for _, p := range e.d.Root().All(contextParam) {
		name, value := p.Child(paramName), p.Child(paramValue)
		if name == nil || value == nil || !e.isInitializers(name.Text()) {
			continue
		}
		old := strings.TrimSpace(value.Text())
		switch {
		case e.w.Modern() && strings.Contains(old, cloudInitializer):
		case e.w.Modern() && old == "":
			value.SetText(cloudInitializer)
		default:
			value.SetText(old + ", " + cloudInitializer)
		}
		return
	}
	p := e.d.New(contextParam, "")
	e.d.Root().Append(p)
	e.set(p, contextInitializers, cloudInitializer)
}

// isInitializers reports whether a parameter is called so. In 2012 white space around the name made it another.
func (e contextsEditor) isInitializers(name string) bool {
	if e.w.Modern() {
		name = strings.TrimSpace(name)
	}
	return name == contextInitializers
}

// context is what is to be added where these parameters hold.
func (e contextsEditor) context(params []*webxml.Element) string {
	class := ""
	for _, p := range params {
		if value := p.Child(paramValue); isNamed(p, contextClass) && value != nil {
			class += value.Text()
		}
	}
	if e.w.Modern() {
		class = strings.TrimSpace(class)
	}
	if e.Annotations && class == annotationClass {
		return annotationContext
	}
	return xmlContext
}

// vacant is the parameter that takes a name and a value, if there is one.
func (e contextsEditor) vacant(params []*webxml.Element) *webxml.Element {
	for _, p := range params {
		if !e.w.Modern() || p.Empty() {
			return p
		}
	}
	return nil
}

func (e contextsEditor) set(p *webxml.Element, name, value string) {
	p.Append(e.d.New(paramName, name))
	p.Append(e.d.New(paramValue, value))
}

// extend adds a context to those of a parameter, unless it has none or this one. What changed goes to the parameter's end.
func extend(p *webxml.Element, context string) {
	value := p.Child(paramValue)
	if value == nil || value.Text() == "" || slices.Contains(strings.Fields(value.Text()), context) {
		return
	}
	value.AppendText(" " + context)
	p.Append(value)
}

// named is the first parameter of that name.
func named(params []*webxml.Element, name string) *webxml.Element {
	i := slices.IndexFunc(params, func(p *webxml.Element) bool { return isNamed(p, name) })
	if i < 0 {
		return nil
	}
	return params[i]
}

// isNamed looks for the name in the parameter's, as XPath's contains did then.
func isNamed(p *webxml.Element, name string) bool {
	is := p.Child(paramName)
	return is != nil && strings.Contains(is.Text(), name)
}

// CloudFront Function (runtime 2.0), at each request of a viewer. CloudFront calls the global function `handler`.
// What the viewer itself sent under this name is replaced.
function handler(event) {
  event.request.headers['x-drawbridge-viewer'] = { value: event.viewer.ip };
  return event.request;
}

// Starts Swagger UI on the gateway's own description; nothing is loaded from elsewhere.
"use strict";

window.ui = SwaggerUIBundle({
  url: "/openapi.json",
  dom_id: "#swagger-ui",
  deepLinking: true,
  docExpansion: "list",
  tryItOutEnabled: true,
  validatorUrl: null,
  presets: [SwaggerUIBundle.presets.apis],
  layout: "BaseLayout",
  // People may paste the key or the header's whole value into "Authorize".
  requestInterceptor: function (request) {
    const value = request.headers.Authorization;
    if (value) {
      request.headers.Authorization = value.replace(/^(bearer\s+)+/i, "Bearer ");
    }
    return request;
  },
});

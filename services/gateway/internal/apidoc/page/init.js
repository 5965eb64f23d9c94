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
  // "Authorize" takes the header's whole value; the key alone is as good.
  requestInterceptor: function (request) {
    const value = request.headers.Authorization;
    if (value && !/^bearer /i.test(value)) {
      request.headers.Authorization = "Bearer " + value;
    }
    return request;
  },
});

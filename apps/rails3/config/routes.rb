Rails.application.routes.draw { root "visits#index" }
